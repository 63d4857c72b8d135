import type { World } from '../world.ts';
import { gather } from './facts.ts';
import {
  doneIsTrue,
  endsAreTold,
  everythingEnds,
  leasesAreRespected,
  nothingIsLost,
  nothingIsMerelyShown,
  nothingIsTriedTooEarly,
  nothingIsUnhandled,
  oneActivityPerMail,
  oneEffectPerChange,
  orderIsKept,
  panesAgree,
  theLastWishStands,
  whatIsRefusedDidNotHappen,
} from './invariants.ts';

export interface Violation {
  readonly invariant: string;
  readonly sentence: string;
}

const invariants = {
  'I1 nothing is lost': nothingIsLost,
  'I1 what is refused did not happen': whatIsRefusedDidNotHappen,
  'I1 nothing is merely shown': nothingIsMerelyShown,
  'I2 one activity per mail': oneActivityPerMail,
  'I2 one effect per change': oneEffectPerChange,
  'I3 order is kept': orderIsKept,
  'I3 nothing is tried too early': nothingIsTriedTooEarly,
  'I3 the last wish stands': theLastWishStands,
  'I6 leases are respected': leasesAreRespected,
  'I8 done is true': doneIsTrue,
  'I8 ends are told': endsAreTold,
  'I8 panes agree': panesAgree,
  'I9 everything ends': everythingEnds,
  'I10 nothing is unhandled': nothingIsUnhandled,
};

/** Compares all that is left when nothing fails any more. */
export async function check(world: World, calmAt: number): Promise<readonly Violation[]> {
  const facts = await gather(world, calmAt);
  return Object.entries(invariants).flatMap(([invariant, judge]) =>
    judge(facts).map((sentence) => ({ invariant, sentence })),
  );
}
