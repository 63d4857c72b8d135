import { useQuery, type QueryClient } from '@tanstack/react-query';
import type { People } from '../../api/people.ts';
import { CrmError, mayPassByItself } from '../../model/errors.ts';
import { foldAddress, type MailAddress } from '../../model/message.ts';
import type { Person } from '../../model/records.ts';
import type { PeopleLoader } from './people-loader.ts';

/** Asked again by itself only when waiting may help. */
const again = ({ state }: { state: { error: unknown } }): number | false =>
  state.error instanceof CrmError && mayPassByItself(state.error.code) ? 15_000 : false;

export function personKey(address: string): readonly unknown[] {
  return ['person', foldAddress(address)];
}

/** Everybody an address may be. Cached by address, so that a person seen before is there at once. */
export function useMatches(address: string, loader: PeopleLoader | null, enabled = true) {
  return useQuery({
    queryKey: personKey(address),
    enabled: enabled && loader !== null && address !== '',
    queryFn: ({ signal }) => (loader === null ? [] : loader.load(address, signal)),
    refetchInterval: again,
  });
}

export function useDetails(person: Person | null, people: Pick<People, 'details'> | null) {
  return useQuery({
    queryKey: ['details', person?.table, person?.id],
    enabled: person !== null && person.table !== 'systemuser' && people !== null,
    queryFn: ({ signal }) => {
      if (person === null || people === null) throw new Error('Nobody to ask about.');
      return people.details(person, signal);
    },
    refetchInterval: again,
  });
}

export function prefetchPeople(client: QueryClient, loader: PeopleLoader, people: readonly MailAddress[]): void {
  for (const { address } of people) {
    if (address === '') continue;
    void client.prefetchQuery({ queryKey: personKey(address), queryFn: ({ signal }) => loader.load(address, signal) });
  }
}
