// Plays a scenario in the simulated site and holds what was seen against what was expected.
import type { Role } from '../../heartbeat/core/types.ts';
import { NAMES, type Side } from '../simulate/schedule.ts';
import { World } from '../simulate/world.ts';
import type { Ability, Action, Expectation, Scenario } from './words.ts';

interface Seen {
  readonly world: World;
  /** Per director, the roles with the time at which each began; undefined: no process. */
  readonly roles: readonly [RoleChange[], RoleChange[]];
  readonly records: readonly [Map<string, number>, Map<string, number>];
}
interface RoleChange {
  readonly at_ms: number;
  readonly role: Role | undefined;
}

export interface Played {
  /** What did not hold, with its line. */
  readonly failures: readonly string[];
  readonly timeline: readonly string[];
}

export function play(scenario: Scenario): Played {
  const records = [new Map<string, number>(), new Map<string, number>()] as const;
  const world = new World(
    {
      seed: 1,
      settings: scenario.settings,
      priorities: scenario.priorities,
      starts_ms: [0, 0],
      delay_ms: 0.2,
      precise: false,
      disk_ms: 2,
      faults: [],
      calm_ms: 0,
      single: false,
      linger_ms: 0,
    },
    true,
    (side, event) => records[side].set(event, (records[side].get(event) ?? 0) + 1),
  );
  const seen: Seen = { world, roles: [[], []], records };
  for (const { at_ms, action } of scenario.actions) world.queue.at(at_ms, () => act(world, action));
  world.run(scenario.until_ms, () => {
    for (const side of [0, 1] as const) {
      const role = world.directors[side].state?.role;
      if (seen.roles[side].at(-1)?.role !== role) seen.roles[side].push({ at_ms: world.now, role });
    }
    return false;
  });
  const failures = scenario.expectations.flatMap(({ expect, line, text }) => {
    const why = check(seen, expect);
    return why === undefined ? [] : [`line ${line}: ${text}: ${why}`];
  });
  return { failures, timeline: world.timeline.filter((line) => !line.includes(' sends ')) };
}

function act(world: World, action: Action): void {
  const told = 'side' in action ? action.side : undefined;
  world.tell(told, `-- ${Object.values(action).join(' ')}`);
  if ('link' in action) {
    world.change(action.link, action.direction, (path) => {
      path.cuts = action.kind === 'cut' ? 1 : 0;
    });
    return;
  }
  const director = world.directors[action.side];
  switch (action.kind) {
    case 'starts':
      director.start();
      return;
    case 'crashes':
      director.kill();
      return;
    case 'power':
      director.kill();
      world.ledger.account(world.now);
      Object.assign(world.ledger.owners[action.side], { up: false, lease_ms: -1 });
      return;
    case 'freeze':
      director.pause();
      return;
    case 'thaw':
      director.wake();
      return;
    case 'health':
      director.health = action.health;
      director.take({ kind: 'health', health: action.health, reason: 'as the scenario says' });
      return;
    case 'order':
      world.order(action.side, action.order);
      return;
    default:
      enable(world, action.side, action.what, action.able);
  }
}

function enable(world: World, side: Side, what: Ability, able: boolean): void {
  const director = world.directors[side];
  const count = able ? 0 : 1;
  if (what === 'witness') {
    director.witnessLost = count;
    director.take({ kind: 'witness', reachable: able });
  } else if (what === 'complete') {
    director.incomplete = count;
    director.take({ kind: 'complete', complete: able, reason: 'as the scenario says' });
  } else if (what === 'raise') director.raiseFails = count;
  else director.diskFails = count;
}

function roleAt(changes: readonly RoleChange[], t: number): Role | undefined {
  return changes.filter((change) => change.at_ms <= t).at(-1)?.role;
}

function check(seen: Seen, expect: Expectation): string | undefined {
  return 'role' in expect ? checkRole(seen, expect) : checkSite(seen, expect);
}

function checkRole({ roles }: Seen, expect: Extract<Expectation, { role: Role }>): string | undefined {
  switch (expect.kind) {
    case 'role': {
      const role = roleAt(roles[expect.side], expect.by_ms);
      return role === expect.role ? undefined : `is ${role ?? 'down'}`;
    }
    case 'stays': {
      const { from_ms, to_ms, role, side } = expect;
      const during = roles[side].filter((change) => change.at_ms > from_ms && change.at_ms <= to_ms);
      const other = [{ at_ms: from_ms, role: roleAt(roles[side], from_ms) }, ...during].find(
        (change) => change.role !== role,
      );
      return other === undefined ? undefined : `is ${other.role ?? 'down'} at ${other.at_ms.toFixed(1)} ms`;
    }
    case 'never': {
      const was = roles[expect.side].find((change) => change.role === expect.role);
      return was === undefined ? undefined : `is so at ${was.at_ms.toFixed(1)} ms`;
    }
  }
}

function checkSite(
  { world, records }: Seen,
  expect: Exclude<Expectation, { role: Role }>,
): string | undefined {
  const { ledger, timeline, directors } = world;
  switch (expect.kind) {
    case 'one-owner': {
      const both =
        ledger.overlap_ms + ledger.healingOverlap_ms + ledger.impairedOverlap_ms + ledger.partedOverlap_ms;
      return both === 0 ? undefined : `two for ${both.toFixed(1)} ms`;
    }
    case 'gap': {
      const late = ledger.gaps.find(
        ({ from_ms, for_ms }) => from_ms + for_ms > expect.after_ms && for_ms > expect.most_ms,
      );
      if (late !== undefined)
        return `none for ${late.for_ms.toFixed(1)} ms from ${late.from_ms.toFixed(1)} ms on`;
      const open = ledger.openGap_ms();
      return open > expect.most_ms ? `none for the last ${open.toFixed(1)} ms` : undefined;
    }
    case 'record': {
      const times = records[expect.side].get(expect.event) ?? 0;
      if (expect.times === undefined) return times > 0 ? undefined : 'not recorded';
      return times === expect.times ? undefined : `recorded ${times} times`;
    }
    case 'answer': {
      const said = timeline.filter(
        (line) => line.includes(` ${NAMES[expect.side]} `) && / order \d+: /.test(line),
      );
      return said.some((line) => line.includes(`: ${expect.answer} `))
        ? undefined
        : `answered: ${said.join('; ')}`;
    }
    case 'announces': {
      const at = directors[expect.side].announcedFrom_ms;
      return at >= expect.after_ms ? undefined : `last at ${at.toFixed(1)} ms`;
    }
    case 'agree': {
      const [a, b] = directors.map((director) => director.state?.epoch);
      return a !== undefined && a === b ? undefined : `epochs ${a} and ${b}`;
    }
  }
}
