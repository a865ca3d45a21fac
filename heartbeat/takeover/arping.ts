// Announcing and asking by Debian's arping (iputils), for hosts that refuse this process a packet socket: the program has
// the capability of its own. IPv4 only. Guarantees: never throws; each run ends within its time, output is bounded, and
// only a few run at once: what is beyond is refused.
import { execFile } from 'node:child_process';
import { type Address, familyOf } from '../../director/model/address.ts';
import type { ArpForm } from './announce-frames.ts';
import type { Vip } from './vip.ts';

const PROGRAM = 'arping';
const TIMEOUT_MS = 3_000;
const OUTPUT_MAX_BYTES = 16 << 10;
const RUNS_MAX = 32;
/** arping's own options, each against the form that it stands for. */
const OPTION = { request: '-U', reply: '-A' } as const;

export interface ArpingOutcome {
  readonly ok: boolean;
  /** Why not, for people; empty when it went well. */
  readonly reason: string;
}

let running = 0;

/** The VIP must be up: the program binds to it. */
export async function arpingAnnounce(vip: Vip, form: ArpForm): Promise<ArpingOutcome> {
  if (familyOf(vip.address) !== 4)
    return { ok: false, reason: 'arping is for IPv4; IPv6 is announced by packet sockets only' };
  const { status, output } = await run([OPTION[form], '-c', '1', '-I', vip.interface, vip.address]);
  return status === 0 ? { ok: true, reason: '' } : { ok: false, reason: output };
}

/** Whom the link takes for the holder of an address, by duplicate detection; undefined when nobody answers. */
export async function arpingHolder(name: string, address: Address): Promise<string | undefined> {
  const { output } = await run(['-D', '-c', '2', '-w', '1', '-I', name, address]);
  return /\[([0-9A-Fa-f:]{17})\]/.exec(output)?.[1]?.toLowerCase();
}

function run(args: readonly string[]): Promise<{ status: number; output: string }> {
  if (running >= RUNS_MAX) return Promise.resolve({ status: -1, output: `${RUNS_MAX} arpings run already` });
  running++;
  const limits = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_MAX_BYTES, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    execFile(PROGRAM, [...args], limits, (error, stdout, stderr) => {
      running--;
      const output = `${stdout}${stderr}`.trim();
      if (error === null) resolve({ status: 0, output });
      else
        resolve({
          status: typeof error.code === 'number' ? error.code : -1,
          output: output || error.message,
        });
    });
  });
}
