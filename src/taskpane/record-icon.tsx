import { BriefcaseRegular } from '@fluentui/react-icons/svg/briefcase';
import { BuildingRegular } from '@fluentui/react-icons/svg/building';
import { HeadsetRegular } from '@fluentui/react-icons/svg/headset';
import { MailRegular } from '@fluentui/react-icons/svg/mail';
import { PeopleTeamRegular } from '@fluentui/react-icons/svg/people-team';
import { PersonRegular } from '@fluentui/react-icons/svg/person';
import { PersonStarRegular } from '@fluentui/react-icons/svg/person-star';
import type { RecordTable } from '../model/records.ts';

const icons: Record<RecordTable, typeof PersonRegular> = {
  contact: PersonRegular,
  account: BuildingRegular,
  lead: PersonStarRegular,
  opportunity: BriefcaseRegular,
  incident: HeadsetRegular,
  systemuser: PeopleTeamRegular,
  email: MailRegular,
};

/** Decoration: whoever shows it says the table in words beside it. */
export function RecordIcon({ table, size = 20 }: { table: RecordTable; size?: number }) {
  const Icon = icons[table];
  return <Icon aria-hidden style={{ width: size, height: size, flexShrink: 0 }} />;
}
