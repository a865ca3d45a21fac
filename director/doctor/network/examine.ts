// All that the network is asked for one configuration, judged. For `fairlead doctor` and before a first set-up.
import type { Configuration } from '../../config/configuration.ts';
import type { Clock } from '../../model/clock.ts';
import type { Finding } from '../finding.ts';
import { checkAddresses, checkPeer, type Standpoint } from './address-checks.ts';
import { lookAtNetwork } from './look.ts';
import { checkWays } from './way-checks.ts';

export type { Standpoint } from './address-checks.ts';

/** `standpoint.node` is found out by the addresses of this machine where it is not given. */
export async function examineNetwork(
  configuration: Configuration,
  standpoint: Standpoint,
  clock: Clock,
): Promise<Finding[]> {
  const facts = await lookAtNetwork(configuration, clock);
  const here = configuration.directors.filter((each) => facts.own.has(each.address));
  const node = standpoint.node ?? (here.length === 1 ? here[0]!.name : undefined);
  const known = { ...standpoint, node };
  return [
    ...checkAddresses(configuration, facts, known),
    ...checkPeer(configuration, facts, known),
    ...checkWays(configuration, facts),
  ];
}
