// Faults of several cables at once. Each is undone by its disposal.
import { HEARTBEAT_PORT } from '../lab/configuration.ts';
import { NETS, type Net, together } from '../lab/wires/wires.ts';
import type { Stage } from './drill.ts';

/** Both networks and the serial line, silently: the carrier stays. */
export function cutAllLinks({ lab, active }: Stage): Disposable {
  return together([
    ...NETS.map((net) => lab.wires.cut(active.name, net)),
    ...(lab.serial ? [lab.serial.cut()] : []),
  ]);
}

/** Beats alone, in both directions; everything else goes through. */
export function dropBeats(
  { lab, active, standby }: Stage,
  nets: readonly Net[],
  serial: boolean,
): Disposable {
  const ways = [active.name, standby.name];
  return together([
    ...nets.flatMap((net) =>
      ways.map((from) => lab.wires.lose({ from, net, permille: 1_000, udpPort: HEARTBEAT_PORT })),
    ),
    ...(serial && lab.serial ? [lab.serial.cut()] : []),
  ]);
}

/** Whatever one director sends to the other. */
export function dropBetween(
  { lab, active, standby }: Stage,
  options: {
    readonly permille: number;
    /** Only from the active to the standby. */
    readonly oneWay: boolean;
    /** The serial line is cut, both ways. */
    readonly serial?: boolean;
    readonly nets?: readonly Net[];
  },
): Disposable {
  const ways = [
    { from: active.name, to: standby.name },
    ...(options.oneWay ? [] : [{ from: standby.name, to: active.name }]),
  ];
  return together([
    ...(options.nets ?? NETS).flatMap((net) =>
      ways.map((way) => lab.wires.lose({ ...way, net, permille: options.permille })),
    ),
    ...(options.serial && lab.serial ? [lab.serial.cut()] : []),
  ]);
}
