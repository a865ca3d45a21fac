// Takes out of the kernel what a director leaves there when it ends: the packet program with its connections, the virtual IPs,
// of a pair the heartbeat and its lease. For a machine that is to be no director any more. Guarantees: not while the director
// runs; what cannot be taken out does not keep the rest from it, and is told.
import fs from 'node:fs';
import path from 'node:path';
import { releaseVip } from '../../../heartbeat/takeover/vip.ts';
import type { Configuration } from '../../config/configuration.ts';
import { parseConfiguration } from '../../config/parse.ts';
import type { Clock } from '../../model/clock.ts';
import { FairleadError } from '../../model/error.ts';
import { lockRuntime } from '../../native/instance-lock.ts';
import { Rtnetlink } from '../../native/rtnetlink.ts';
import { openStore } from '../../store/store.ts';
import { openEngine, pinFolderOf } from '../engine-choice.ts';
import type { Log } from '../log.ts';
import { leavePair } from '../pair/leave-pair.ts';

export interface WithdrawOptions {
  readonly runtimeFolder: string;
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** What was done, a line each. Throws FairleadError: already-running, withdraw-failed. */
export async function withdraw(options: WithdrawOptions): Promise<string[]> {
  using _ = lockRuntime(options.runtimeFolder);
  const configuration = await lastConfiguration(options);
  const done: string[] = [];
  const failed: string[] = [];
  const attempt = async (what: string, act: () => Promise<boolean> | boolean): Promise<void> => {
    try {
      if (await act()) done.push(what);
    } catch (error) {
      failed.push(`${what}: ${(error as Error).message}`);
    }
  };
  // The heartbeat first: it would raise the addresses again.
  await attempt('the heartbeat and its lease are gone', async () => {
    const before = fs.existsSync(path.join(options.runtimeFolder, 'heartbeat.sock'));
    await leavePair(options);
    return before;
  });
  for (const vip of configuration?.virtualIps ?? [])
    await attempt(`${vip.address} is released on ${vip.interface}`, () => {
      using rtnetlink = new Rtnetlink();
      return releaseVip(rtnetlink, vip) === 'released';
    });
  await attempt('the packet program and its tables are gone', () => removeEngine(configuration, options));
  if (failed.length > 0)
    throw new FairleadError('withdraw-failed', `Not everything could be taken out: ${failed.join('; ')}.`, {
      remedy: 'Run it as root; a restart of the machine removes the rest.',
    });
  return done;
}

async function lastConfiguration({
  stateFolder,
  clock,
}: WithdrawOptions): Promise<Configuration | undefined> {
  const file = path.join(stateFolder, 'store.sqlite');
  if (!fs.existsSync(file)) return undefined;
  await using store = await openStore({ file, clock });
  const text = store.initial.revision?.text;
  const parsed = text === undefined ? undefined : parseConfiguration(text, 'the last revision');
  return parsed !== undefined && 'configuration' in parsed ? parsed.configuration : undefined;
}

async function removeEngine(
  configuration: Configuration | undefined,
  { runtimeFolder, clock, log }: WithdrawOptions,
): Promise<boolean> {
  const pins = pinFolderOf(runtimeFolder);
  if (!fs.existsSync(pins)) return false;
  try {
    if (configuration === undefined) throw new Error('nothing is known of its configuration');
    const opened = await openEngine({ config: configuration.engine, runtime: runtimeFolder, clock, log });
    opened.release();
  } catch (error) {
    // Of another version, say. Without its pins nobody finds it again; the filters go with their interfaces.
    fs.rmSync(pins, { recursive: true, force: true });
    throw new Error(`only its tables were let go of (${(error as Error).message})`);
  }
  fs.rmSync(pins, { recursive: true, force: true });
  return true;
}
