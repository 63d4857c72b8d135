import { makeStyles, tokens } from '@fluentui/react-components';

/** Below this, folders hide behind a button and the pane lies over the mail. */
const MEDIUM = '@media (max-width: 1000px)';
/** Below this, list and mail take turns. */
const NARROW = '@media (max-width: 720px)';

export const useWorkspaceStyles = makeStyles({
  page: {
    display: 'flex',
    flexDirection: 'column',
    flexGrow: 1,
    minHeight: 0,
    rowGap: '6px',
    padding: '0 8px 8px',
    backgroundColor: tokens.colorNeutralBackground3,
    color: tokens.colorNeutralForeground1,
  },
  top: { display: 'flex', flexDirection: 'column', rowGap: '6px' },
  header: { display: 'flex', alignItems: 'center', columnGap: '12px', minHeight: '48px', paddingInline: '8px' },
  menu: { display: 'none', [MEDIUM]: { display: 'inline-flex' } },
  product: {
    margin: 0,
    display: 'flex',
    alignItems: 'center',
    columnGap: '8px',
    fontSize: tokens.fontSizeBase400,
    fontWeight: tokens.fontWeightSemibold,
    whiteSpace: 'nowrap',
    flexGrow: 1,
    flexBasis: 0,
  },
  mark: { fontSize: '24px', color: tokens.colorBrandForeground1, [NARROW]: { display: 'none' } },
  search: { width: '420px', maxWidth: '45vw' },
  user: { display: 'flex', justifyContent: 'flex-end', flexGrow: 1, flexBasis: 0, [NARROW]: { flexGrow: 0 } },
  main: { position: 'relative', display: 'flex', flexGrow: 1, minHeight: 0, columnGap: '6px' },
  folders: {
    width: '184px',
    flexShrink: 0,
    overflowY: 'auto',
    [MEDIUM]: { display: 'none' },
  },
  foldersOpen: {
    [MEDIUM]: {
      display: 'block',
      position: 'absolute',
      insetBlock: 0,
      insetInlineStart: 0,
      zIndex: 3,
      padding: '8px',
      backgroundColor: tokens.colorNeutralBackground1,
      borderRadius: tokens.borderRadiusLarge,
      boxShadow: tokens.shadow28,
    },
  },
  card: {
    display: 'flex',
    flexDirection: 'column',
    minHeight: 0,
    minWidth: 0,
    backgroundColor: tokens.colorNeutralBackground1,
    borderRadius: tokens.borderRadiusLarge,
    boxShadow: tokens.shadow2,
    '@media (forced-colors: active)': { border: '1px solid CanvasText' },
  },
  list: {
    width: '340px',
    flexShrink: 0,
    [MEDIUM]: { width: '280px' },
    [NARROW]: { width: 'auto', flexGrow: 1, flexShrink: 1 },
  },
  listBehind: { [NARROW]: { display: 'none' } },
  listHead: {
    display: 'flex',
    alignItems: 'center',
    columnGap: '8px',
    padding: '12px 16px 8px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  listTitle: { margin: 0, fontSize: tokens.fontSizeBase400, fontWeight: tokens.fontWeightSemibold },
  wait: { margin: 'auto' },
  reading: { flexGrow: 1, flexBasis: 0, overflow: 'hidden' },
  readingBehind: { [NARROW]: { display: 'none' } },
  back: { display: 'none', alignSelf: 'start', [NARROW]: { display: 'inline-flex', margin: '4px' } },
  pane: {
    position: 'relative',
    flexShrink: 0,
    maxWidth: '100%',
    [MEDIUM]: { position: 'absolute', insetBlock: 0, insetInlineEnd: 0, zIndex: 2, boxShadow: tokens.shadow28 },
  },
});
