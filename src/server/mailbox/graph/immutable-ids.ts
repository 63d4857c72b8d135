/** The header `Prefer` with every request: an item keeps its id when it is moved (outlook-immutable-id). */
export const immutableIds = 'IdType="ImmutableId"';
