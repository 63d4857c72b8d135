import { Button, Menu, MenuItem, MenuItemLink, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components';
import { MoreHorizontalRegular } from '@fluentui/react-icons/svg/more-horizontal';
import { useLanguage } from '../language.tsx';

export interface ActionsMenuProps {
  readonly hasRegarding: boolean;
  readonly recordLink: string | null;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly onRegarding: () => void;
  readonly onRemoveRegarding: () => void;
  readonly onUntrack: () => void;
  readonly onWhy: () => void;
}

export default function ActionsMenu(props: ActionsMenuProps) {
  const { texts } = useLanguage();
  return (
    <Menu open={props.open} onOpenChange={(_event, { open }) => props.onOpenChange(open)} positioning="below-end">
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<MoreHorizontalRegular />} aria-label={texts.moreActions} />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuItem onClick={props.onRegarding}>
            {props.hasRegarding ? texts.changeRegarding : texts.setRegarding}
          </MenuItem>
          {props.hasRegarding && <MenuItem onClick={props.onRemoveRegarding}>{texts.removeRegarding}</MenuItem>}
          <MenuItem onClick={props.onUntrack}>{texts.untrack}</MenuItem>
          <MenuItem onClick={props.onWhy}>{texts.whyTitle(true)}</MenuItem>
          {props.recordLink !== null && (
            <MenuItemLink href={props.recordLink} target="_blank" rel="noreferrer">
              {texts.openInCrm}
            </MenuItemLink>
          )}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
