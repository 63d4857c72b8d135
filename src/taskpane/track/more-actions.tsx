import { Button } from '@fluentui/react-components';
import { MoreHorizontalRegular } from '@fluentui/react-icons/svg/more-horizontal';
import { lazy, Suspense, useState } from 'react';
import { useLanguage } from '../language.tsx';
import type { ActionsMenuProps } from './actions-menu.tsx';

const load = () => import('./actions-menu.tsx');
const ActionsMenu = lazy(load);

/** The menu and its positioning weigh more than the whole bar: they come when somebody reaches for the button. */
export function MoreActions(props: Omit<ActionsMenuProps, 'open' | 'onOpenChange'> & { disabled: boolean }) {
  const { texts } = useLanguage();
  const [open, setOpen] = useState(false);
  const [wanted, setWanted] = useState(false);
  const button = (
    <Button
      appearance="subtle"
      data-opener
      icon={<MoreHorizontalRegular />}
      aria-label={texts.moreActions}
      aria-haspopup="menu"
      aria-expanded={false}
      disabledFocusable={props.disabled}
      onPointerEnter={() => void load()}
      onFocus={() => void load()}
      onClick={() => {
        setWanted(true);
        setOpen(true);
      }}
    />
  );
  if (!wanted) return button;
  return (
    <Suspense fallback={button}>
      <ActionsMenu {...props} open={open} onOpenChange={setOpen} />
    </Suspense>
  );
}
