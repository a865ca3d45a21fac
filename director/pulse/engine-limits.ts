// Whether an engine has room for a configuration: asked before anything of it comes into force. Pure.
import type { Configuration } from '../config/configuration.ts';
import type { EngineCapabilities } from '../engine/engine.ts';
import { EXIT, FairleadError } from '../model/error.ts';

export type EngineLimits = EngineCapabilities['limits'] & {
  /** Distinct addresses of real servers that it can keep a way to; undefined: as many as servers. */
  readonly addresses?: number;
};

/** Throws FairleadError, exit 2. */
export function checkEngineLimits(
  configuration: Configuration,
  kind: EngineCapabilities['kind'],
  limits: EngineLimits,
): void {
  const servers = configuration.services.flatMap((service) =>
    service.sorry === undefined ? service.servers : [...service.servers, service.sorry],
  );
  const remote = servers.filter((server) => server.method !== 'local');
  const wanted = {
    services: configuration.services.length,
    'real servers': servers.length,
    'distinct addresses of real servers': new Set(remote.map((server) => server.address)).size,
  };
  const room = {
    services: limits.services,
    'real servers': limits.servers,
    'distinct addresses of real servers': limits.addresses ?? Number.POSITIVE_INFINITY,
  };
  for (const what of Object.keys(wanted) as (keyof typeof wanted)[]) {
    if (wanted[what] <= room[what]) continue;
    throw new FairleadError(
      'engine-limit',
      `The configuration has ${wanted[what]} ${what}, and the ${kind} engine takes at most ${room[what]}.`,
      { remedy: 'Spread the services over more than one pair of directors.', exit: EXIT.usage },
    );
  }
}
