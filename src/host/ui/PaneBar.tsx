import { Button, ToggleButton, Tooltip, makeStyles, tokens } from '@fluentui/react-components';
import { DismissRegular, PinFilled, PinRegular } from '@fluentui/react-icons';
import type { RibbonButton } from '../manifest.ts';
import { iconFor } from './Ribbon.tsx';

const useStyles = makeStyles({
  title: { flexGrow: 1, margin: 0, fontSize: tokens.fontSizeBase300, fontWeight: tokens.fontWeightSemibold },
  icon: { width: '16px', height: '16px' },
});

const tips = {
  pinned:
    'Pinned: stays open and follows the message you select. The local Outlook pins at first; Outlook itself does not.',
  loose: 'Not pinned: closes when you select another message, as in Outlook.',
};

export interface PaneBarProps {
  readonly name: string;
  readonly button: RibbonButton;
  readonly pinned: boolean;
  readonly onPin: (pinned: boolean) => void;
  readonly onClose: () => void;
}

export function PaneBar({ name, button, pinned, onPin, onClose }: PaneBarProps) {
  const styles = useStyles();
  return (
    <>
      <img className={styles.icon} src={iconFor(button, 16)} srcSet={`${iconFor(button, 32)} 2x`} alt="" />
      <h2 className={styles.title}>{name}</h2>
      {button.action.kind === 'pane' && button.action.pinnable && (
        <Tooltip relationship="description" content={pinned ? tips.pinned : tips.loose}>
          <ToggleButton
            appearance="subtle"
            size="small"
            checked={pinned}
            icon={pinned ? <PinFilled /> : <PinRegular />}
            aria-label="Pin"
            onClick={() => onPin(!pinned)}
          />
        </Tooltip>
      )}
      <Button
        appearance="subtle"
        size="small"
        icon={<DismissRegular />}
        aria-label={`Close ${name}`}
        onClick={onClose}
      />
    </>
  );
}
