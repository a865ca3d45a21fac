// Constructs the console: mirror, identities, pages, API, server; and looks for a new certificate every now and then.
import { openControlClient } from '../director/control/client.ts';
import type { Clock } from '../director/model/clock.ts';
import { createApp } from './app.ts';
import { loadAssets } from './assets.ts';
import { eventRow } from './events/row.ts';
import { createEventHub } from './live/event-hub.ts';
import { createLiveHub } from './live/hub.ts';
import { openMirror } from './mirror/mirror.ts';
import { outsideRoutes } from './outside.ts';
import { PAGES } from './pages/all.ts';
import { openServer } from './server.ts';
import { createFlashes } from './session/flashes.ts';
import { createIdentifier } from './session/identify.ts';
import { findCertificate, provideCertificate } from './tls/certificate.ts';

export interface ConsoleOptions {
  readonly socket: string;
  readonly address: string;
  readonly port: number;
  /** Folder with NAME.crt and NAME.key. */
  readonly certificates: string;
  /** What a certificate of our own is made for. */
  readonly hosts: readonly string[];
  readonly version: string;
  readonly openMetrics: boolean;
  readonly clock: Clock;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
  /** Once the port is open: time to step down. */
  readonly opened?: () => void;
}

export interface RunningConsole extends AsyncDisposable {
  readonly url: string;
  renewCertificate(): void;
}

const RENEW_MS = 60_000;
const WHO_MS = 2_000;
const CONSOLE = { author: 'console', origin: 'console' } as const;

export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const { clock, log, socket } = options;
  let certificate = await provideCertificate(options.certificates, options.hosts, (complaint) =>
    log('warn', complaint),
  );
  const own = openControlClient(socket, CONSOLE);
  const assets = loadAssets();
  await using parts = new AsyncDisposableStack();
  const mirror = parts.use(openMirror({ client: own, clock }));
  const hub = parts.use(createLiveHub({ mirror, clock }));
  const draw = (event: Parameters<typeof eventRow>[0], now: number): string => eventRow(event, now).text;
  const events = parts.use(createEventHub({ client: own, clock, draw }));
  // A page waits for this: a director that hangs must not keep people from being told so.
  const quick = openControlClient(socket, { ...CONSOLE, timeout_ms: WHO_MS });
  const identifier = createIdentifier(quick, clock, () => mirror.trouble() !== undefined);
  const app = createApp({
    pages: PAGES,
    mirror,
    hub,
    events,
    identifier,
    flashes: createFlashes(),
    assets,
    clock,
    clientFor: (identity, from, timeout_ms) =>
      openControlClient(socket, {
        ...{ author: identity.user, origin: `console ${from}`, role: identity.role },
        ...(timeout_ms === undefined ? {} : { timeout_ms }),
      }),
    door: { client: (from) => openControlClient(socket, { author: 'console', origin: `console ${from}` }) },
    before: outsideRoutes({
      socket,
      client: own,
      clock,
      mirror,
      identifier,
      openMetrics: options.openMetrics,
    }),
    console: {
      version: options.version,
      started: clock.now(),
      certificate: () => certificate.facts,
      followers: () => hub.count(),
    },
    tell: (error) =>
      log('error', error instanceof Error ? error.message : String(error), {
        stack: error instanceof Error ? error.stack : undefined,
      }),
  });
  const server = parts.use(
    await openServer({ address: options.address, port: options.port, certificate, listener: app }),
  );
  options.opened?.();
  const renewCertificate = (): void => {
    const found = findCertificate(options.certificates);
    for (const complaint of found.complaints) log('warn', complaint);
    if (found.certificate === undefined || found.certificate.cert.equals(certificate.cert)) return;
    certificate = found.certificate;
    server.renew(certificate);
    log('info', `another certificate: ${certificate.facts.file}`);
  };
  let timer = clock.after(RENEW_MS, look);
  function look(): void {
    renewCertificate();
    timer = clock.after(RENEW_MS, look);
  }
  parts.defer(() => timer[Symbol.dispose]());
  const owned = parts.move();
  return {
    url: `https://${options.address.includes(':') ? `[${options.address}]` : options.address}:${server.port}/`,
    renewCertificate,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
