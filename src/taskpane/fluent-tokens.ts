/** The only entries that are more than their name: no theme sets them. */
const layers: Readonly<Record<string, number>> = {
  zIndexBackground: 0,
  zIndexContent: 1,
  zIndexOverlay: 1000,
  zIndexPopup: 2000,
  zIndexMessages: 3000,
  zIndexFloating: 4000,
  zIndexPriority: 5000,
  zIndexDebug: 6000,
};

/**
 * Stands in for Fluent's own table of 467 names (webpack.config.js puts it there): every entry is `var(--name)`, so the
 * name is all there is to know, and the first paint is 4 KB lighter. test/taskpane/fluent-tokens compares the two.
 */
export const tokens: Readonly<Record<string, string>> = new Proxy(
  {},
  {
    get(_none, name) {
      if (typeof name !== 'string') return undefined;
      return name in layers ? `var(--${name}, ${layers[name]})` : `var(--${name})`;
    },
  },
);
