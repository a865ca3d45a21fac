// The heartbeat's settings as pulse has written them, and what follows from them for each part of the process.
import { readFileSync } from 'node:fs';
import { type Address, parseAddress } from '../director/model/address.ts';
import { EXIT, FairleadError } from '../director/model/error.ts';
import type { CoreSettings } from './core/types.ts';
import { type HeartbeatSettings, settingsSchema } from './protocol.ts';
import type { HeldVip } from './takeover/vip-set.ts';

/** Throws FairleadError when the file is missing or not understood. */
export function readSettings(path: string): HeartbeatSettings {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw unusable(path, cause instanceof Error ? cause.message : String(cause));
  }
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unusable(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function unusable(path: string, why: string): FairleadError {
  return new FairleadError('settings-unusable', `The settings in ${path} cannot be used: ${why}.`, {
    remedy: 'The supervisor writes them: start "fairlead run" for this runtime folder.',
    exit: EXIT.usage,
  });
}

export function coreSettings(settings: HeartbeatSettings): CoreSettings {
  const { node, peer, priority, interval_ms, deadtime_ms, initdead_ms, failback, fence } = settings;
  return {
    node,
    peer,
    priority,
    interval_ms,
    deadtime_ms,
    initdead_ms,
    failback,
    links: settings.links.length,
    witnesses: settings.witnesses.length > 0,
    probesVips: settings.vips.some((vip) => vip.probe),
    ...(fence === undefined ? {} : { fence: { onFailure: fence.onFailure } }),
  };
}

/** Of settings that the schema has passed; an address that is none was written by another version. */
export function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new FairleadError('settings-unusable', `${text} is no address.`, { exit: EXIT.usage });
}

export function vipsOf(settings: Pick<HeartbeatSettings, 'vips'>): HeldVip[] {
  return settings.vips.map(({ address, prefix_bits, interface: name, probe }) => ({
    address: addressOf(address),
    prefix_bits,
    interface: name,
    probe,
  }));
}
