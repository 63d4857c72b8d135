/** The operators of FetchXML that are called otherwise than their twins in ConditionOperator: `last-x-days` is `LastXDays`. */
const RENAMED = new Map<string, string>([
  ['eq-userid', 'EqualUserId'],
  ['ne-userid', 'NotEqualUserId'],
  ['eq-businessid', 'EqualBusinessId'],
  ['ne-businessid', 'NotEqualBusinessId'],
  ['eq-userteams', 'EqualUserTeams'],
  ['eq-useroruserteams', 'EqualUserOrUserTeams'],
  ['eq-useroruserhierarchy', 'EqualUserOrUserHierarchy'],
  ['eq-useroruserhierarchyandteams', 'EqualUserOrUserHierarchyAndTeams'],
  ['eq-userlanguage', 'EqualUserLanguage'],
  ['eq-or-above', 'AboveOrEqual'],
  ['eq-or-under', 'UnderOrEqual'],
  ['not-contain-values', 'DoesNotContainValues'],
  ...['minutes', 'hours', 'days', 'weeks', 'months', 'years'].map(
    (unit) => [`olderthan-x-${unit}`, pascal(`older-than-x-${unit}`)] as const,
  ),
]);

/** @returns the name of the operator in ConditionOperator, if its form is that of an operator at all */
export function operatorName(operator: string): string | undefined {
  const renamed = RENAMED.get(operator);
  if (renamed !== undefined) return renamed;
  return /^[a-z]+(?:-[a-z]+)*$/.test(operator) && operator.length <= 60 ? pascal(operator) : undefined;
}

function pascal(operator: string): string {
  return operator.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
