import { Button, ToggleButton, ToolbarDivider, Tooltip, makeStyles, tokens } from '@fluentui/react-components';
import { ArrowForwardRegular, ArrowReplyAllRegular, ArrowReplyRegular, MailAddRegular } from '@fluentui/react-icons';
import type { RibbonButton, RibbonGroup } from '../manifest.ts';

const useStyles = makeStyles({
  ribbon: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '2px',
    padding: '4px 8px',
    backgroundColor: tokens.colorNeutralBackground1,
    borderRadius: tokens.borderRadiusLarge,
    boxShadow: tokens.shadow2,
    '@media (forced-colors: active)': { border: '1px solid CanvasText' },
  },
  new: { marginInlineEnd: '6px' },
  plain: { fontWeight: tokens.fontWeightRegular },
  icon: { width: '20px', height: '20px' },
});

export type ReplyKind = 'reply' | 'replyAll' | 'forward';

export interface RibbonProps {
  readonly groups: readonly RibbonGroup[];
  readonly canReply: boolean;
  readonly hasItem: boolean;
  readonly openButtonId: string | null;
  readonly runningButtonId: string | null;
  readonly onNew: () => void;
  readonly onReply: (kind: ReplyKind) => void;
  readonly onAddin: (button: RibbonButton) => void;
}

export function Ribbon(props: RibbonProps) {
  const styles = useStyles();
  const { canReply, onReply } = props;
  return (
    <div className={styles.ribbon} role="toolbar" aria-label="Ribbon">
      <Button className={styles.new} appearance="primary" icon={<MailAddRegular />} onClick={props.onNew}>
        New mail
      </Button>
      <Command label="Reply" icon={<ArrowReplyRegular />} enabled={canReply} onClick={() => onReply('reply')} />
      <Command
        label="Reply all"
        icon={<ArrowReplyAllRegular />}
        enabled={canReply}
        onClick={() => onReply('replyAll')}
      />
      <Command label="Forward" icon={<ArrowForwardRegular />} enabled={canReply} onClick={() => onReply('forward')} />
      {props.groups.map((group) => (
        <div key={group.id} role="group" aria-label={group.label} style={{ display: 'contents' }}>
          <ToolbarDivider />
          {group.buttons.map((button) => (
            <AddinButton key={button.id} {...props} button={button} />
          ))}
        </div>
      ))}
    </div>
  );
}

interface CommandProps {
  readonly label: string;
  readonly icon: React.ReactElement;
  readonly enabled: boolean;
  readonly onClick: () => void;
}

function Command({ label, icon, enabled, onClick }: CommandProps) {
  const styles = useStyles();
  return (
    <Button className={styles.plain} appearance="subtle" icon={icon} disabled={!enabled} onClick={onClick}>
      {label}
    </Button>
  );
}

function AddinButton(props: RibbonProps & { readonly button: RibbonButton }) {
  const styles = useStyles();
  const { button, hasItem, openButtonId, runningButtonId, onAddin } = props;
  const icon = <img className={styles.icon} src={iconFor(button, 20)} srcSet={`${iconFor(button, 40)} 2x`} alt="" />;
  const shared = {
    appearance: 'subtle',
    className: styles.plain,
    icon,
    disabled: !hasItem || runningButtonId === button.id,
    onClick: () => onAddin(button),
  } as const;
  return (
    <Tooltip content={button.tip} relationship="description">
      {button.action.kind === 'pane' ? (
        <ToggleButton {...shared} checked={openButtonId === button.id}>
          {button.label}
        </ToggleButton>
      ) : (
        <Button {...shared}>{button.label}</Button>
      )}
    </Tooltip>
  );
}

/** The icon of that size, or the next larger, or the largest there is. */
export function iconFor(button: RibbonButton, size: number): string {
  const sizes = [...button.icons.keys()].sort((a, b) => a - b);
  const chosen = sizes.find((candidate) => candidate >= size) ?? sizes.at(-1);
  return chosen === undefined ? '' : (button.icons.get(chosen) ?? '');
}
