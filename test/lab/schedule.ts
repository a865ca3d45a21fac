// When the show kills and revives whom, if nobody presses a key. Pure: from the time that has passed to what is due, each
// turn only once. A round has, where there are two, a director away first, then a real server.
import { SERVER_NAMES, type ServerName } from './topology.ts';

export type Turn =
  | { readonly what: 'server'; readonly name: ServerName }
  /** The active director is killed, or the killed one started again. */
  | { readonly what: 'director' };

/** Without an end: a round that long. */
const ROUND_S = 30;
/** What a director needs to be a standby again leaves no time in shorter rounds. */
const DIRECTOR_ROUND_S = 20;

interface Due {
  readonly part: number;
  readonly turn: (round: number) => Turn;
}

const server = (round: number): Turn => ({
  what: 'server',
  name: SERVER_NAMES[(round + 1) % SERVER_NAMES.length]!,
});
const director = (): Turn => ({ what: 'director' });

const SERVERS_ALONE: readonly Due[] = [
  { part: 1 / 3, turn: server },
  { part: 2 / 3, turn: server },
];
const WITH_DIRECTORS: readonly Due[] = [
  { part: 0.15, turn: director },
  { part: 0.25, turn: director },
  { part: 0.6, turn: server },
  { part: 0.75, turn: server },
];

export function createSchedule(
  seconds: number | undefined,
  directors: number,
): (elapsed_s: number) => Turn | undefined {
  const round_s = seconds ?? ROUND_S;
  const dues = directors > 1 && round_s >= DIRECTOR_ROUND_S ? WITH_DIRECTORS : SERVERS_ALONE;
  let turned = 0;
  return (elapsed_s) => {
    const round = Math.floor(turned / dues.length);
    const due = dues[turned % dues.length]!;
    if (elapsed_s < (round + due.part) * round_s) return undefined;
    turned++;
    return due.turn(round);
  };
}
