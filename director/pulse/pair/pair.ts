// A director's side of the pair: the heartbeat decides who is active, and this follows: role, health view, VIPs as the
// heartbeat reports them, connection sync, and the channel to the other supervisor. Guarantees: the role shown is the
// heartbeat's; when it cannot be asked for long, this director does not take itself for active.
import os from 'node:os';
import path from 'node:path';
import type { HeartbeatStatus } from '../../../heartbeat/protocol.ts';
import { nameOf } from '../../../heartbeat/takeover/vip.ts';
import type { Configuration, VirtualIpConfig } from '../../config/configuration.ts';
import type { RawReply, RawRequest } from '../../control/backend.ts';
import type { VirtualIpStatus } from '../../control/schema.ts';
import { FairleadError } from '../../model/error.ts';
import type { PeerChannelOptions } from '../../peer/types.ts';
import type { JsonValue } from '../../store/record.ts';
import type { Core } from '../core.ts';
import { pinFolderOf } from '../engine-choice.ts';
import { every } from '../every.ts';
import { peerOf, syncEnds } from './addresses.ts';
import { freshKeyring } from './fresh-keyring.ts';
import { HeartbeatProcess } from './heartbeat-process.ts';
import { heartbeatSettings } from './heartbeat-settings.ts';
import type { HeartbeatStarter } from './heartbeat-start.ts';
import { kernelMonotonic_ms } from './kernel-time.ts';
import { removeLease } from './leave-pair.ts';
import { ownCompleteness, ownHealth } from './own-health.ts';
import { PeerLink } from './peer-link.ts';
import { decideStop } from './stop.ts';
import { SyncProcess } from './sync-process.ts';
import { Waiters } from './waiters.ts';

export interface PairOptions {
  readonly core: Core;
  /** At start: what is read only then. */
  readonly configuration: Configuration;
  /** The configuration file's folder. */
  readonly folder: string;
  readonly stateFolder: string;
  readonly runtimeFolder: string;
  readonly former: readonly VirtualIpConfig[];
  readonly releaseOnExit: boolean;
  readonly starter: HeartbeatStarter;
  /** The program that synchronises connections. */
  readonly sync: string;
  /** Answers the peer's requests. */
  readonly serve: PeerChannelOptions['serve'];
}

const ROUND_MS = 1_000;
/** Without a word of the heartbeat for so long nobody can tell who is active. */
const SILENT_MS = 5_000;
/** How much of a revision's hash beats carry. */
const HASH_CHARS = 8;

export class Pair implements AsyncDisposable {
  readonly core: Core;
  readonly peer: string;
  readonly heartbeat: HeartbeatProcess;
  readonly sync: SyncProcess | undefined;
  readonly link: PeerLink;
  readonly #options: PairOptions;
  readonly #keyFile: string;
  readonly #round: Disposable;
  #virtualIps: readonly VirtualIpConfig[];
  #former: readonly VirtualIpConfig[];
  #lostAt_ms: number | undefined;
  /** For the role to be known. */
  readonly #waiters: Waiters;

  constructor(options: PairOptions) {
    const { core, configuration } = options;
    const { clock, log, record } = core;
    this.core = core;
    this.#options = options;
    this.#waiters = new Waiters(clock);
    this.#virtualIps = configuration.virtualIps;
    this.#former = options.former;
    this.#keyFile = path.resolve(options.folder, configuration.heartbeat?.keyFile ?? '');
    this.peer = peerOf(configuration, core.node) ?? '';
    const keyring = freshKeyring(this.#keyFile);
    const settings = this.#settings();
    if (settings === undefined) throw new Error('a pair has a heartbeat');
    this.#lostAt_ms = clock.monotonic_ms();
    this.heartbeat = new HeartbeatProcess({
      runtimeFolder: options.runtimeFolder,
      starter: options.starter,
      settings,
      clock,
      log,
      record,
      onStatus: (status) => this.#follow(status),
      onEvent: ({ at_monotonic_ms, event, subject, reason, evidence }) =>
        core.record(event, subject, reason, evidence as JsonValue, this.wallClock(at_monotonic_ms)),
      onLost: () => {
        this.#lostAt_ms = clock.monotonic_ms();
      },
    });
    this.sync =
      configuration.sync?.connections === true
        ? new SyncProcess({
            main: options.sync,
            clock,
            log,
            record,
            onStatus: () => this.#tellPosition(),
          })
        : undefined;
    this.link = new PeerLink({
      core,
      peer: this.peer,
      keyring,
      serve: options.serve,
      epoch: () => this.heartbeat.status?.epoch ?? 0,
      peerIsActive: () => {
        const { heard, role } = this.heartbeat.status?.peer ?? {};
        return heard === true && role !== undefined ? role === 'active' : undefined;
      },
    });
    this.#takeRound();
    this.#round = every(clock, ROUND_MS, () => this.#takeRound());
  }

  /** Milliseconds since 1970 of a time that the heartbeat has told. */
  wallClock(at_monotonic_ms: number): number {
    const age_ms = Math.max(0, kernelMonotonic_ms() - at_monotonic_ms);
    return Math.round(this.core.clock.now() - age_ms);
  }

  get deadtime_ms(): number {
    return this.#options.configuration.heartbeat?.deadtime_ms ?? 0;
  }

  /** How the heartbeat was told to keep time, and what it asks before a takeover. */
  get rules() {
    const { configuration } = this.#options;
    const { heartbeat, directors } = configuration;
    const own = directors.find(({ name }) => name === this.core.node);
    if (heartbeat === undefined || own === undefined) return undefined;
    const { interval_ms, deadtime_ms, initdead_ms, failback, witnesses, fence } = heartbeat;
    return {
      ...{ priority: own.priority, interval_ms, deadtime_ms, initdead_ms, failback },
      witnesses: [...witnesses],
      fence: fence !== undefined,
    };
  }

  /** What beats say of our revision. */
  revision(): { readonly number: number; readonly hash: number } {
    const { number, hash } = this.core.revision;
    return { number, hash: Number.parseInt(hash.slice(0, HASH_CHARS), 16) };
  }

  /** As VirtualIps: the heartbeat holds them. */
  setVirtualIps(configuration: Configuration): void {
    const wanted = new Set(configuration.virtualIps.map(nameOf));
    const gone = [...this.#former, ...this.#virtualIps].filter((vip) => !wanted.has(nameOf(vip)));
    this.#former = [...new Map(gone.map((vip) => [nameOf(vip), vip])).values()].slice(-FORMER_MAX);
    this.#virtualIps = configuration.virtualIps;
    this.#tellSettings();
  }

  virtualIps(): VirtualIpStatus[] {
    const told = new Map(
      (this.heartbeat.status?.vips ?? []).map((vip) => [`${vip.address} ${vip.interface}`, vip]),
    );
    return this.#virtualIps.map((vip) => {
      const status = told.get(`${vip.address} ${vip.interface}`);
      return {
        address: `${vip.address}/${vip.prefix_bits}`,
        interface: vip.interface,
        role: vip.role,
        state: status?.state ?? 'absent',
        ...(status?.detail === undefined ? {} : { detail: status.detail }),
      };
    });
  }

  /** The engine has other services or servers than before. */
  engineChanged(): void {
    this.sync?.registry();
  }

  /** See ControlBackend. */
  async forward(request: RawRequest, cameFromPeer: boolean): Promise<RawReply | undefined> {
    await this.roleKnown();
    return await this.link.forward(request, cameFromPeer);
  }

  /** Settles when the heartbeat has said who is active, or is not waited for any longer. */
  async roleKnown(limit_ms?: number): Promise<void> {
    if (!this.#isRoleKnown()) await this.#waiters.wait(limit_ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#round[Symbol.dispose]();
    const running = this.heartbeat.running() ? this.heartbeat.status : undefined;
    const ends = await this.#options.starter.isEnding();
    const { heartbeat, because } = decideStop(running, this.#options.releaseOnExit, ends);
    if (heartbeat === 'end') {
      // The peer is to have every connection before it has the VIPs.
      if (running?.role === 'active') await this.sync?.flush().catch(() => {});
      await this.heartbeat.stop();
      if (this.#options.releaseOnExit)
        await removeLease({
          runtimeFolder: this.#options.runtimeFolder,
          clock: this.core.clock,
          log: this.core.log,
        });
    }
    this.core.record(
      heartbeat === 'end' ? 'heartbeat-ended' : 'heartbeat-stays',
      'heartbeat',
      heartbeat === 'end'
        ? `ended with the director: ${because}`
        : `goes on without the director: ${because}`,
    );
    await this.link[Symbol.asyncDispose]();
    this.sync?.[Symbol.dispose]();
    this.heartbeat[Symbol.dispose]();
  }

  #settings() {
    return heartbeatSettings(
      { ...this.#options.configuration, virtualIps: this.#virtualIps },
      {
        node: this.core.node,
        folder: this.#options.folder,
        stateFolder: this.#options.stateFolder,
        former: this.#former,
        addressesOf,
      },
    );
  }

  /** Addresses of interfaces may have come since. */
  #tellSettings(): void {
    const settings = this.#settings();
    if (settings !== undefined) this.heartbeat.settings(settings);
  }

  #isRoleKnown(): boolean {
    const { status } = this.heartbeat;
    if (this.#lostAt_ms !== undefined || status === undefined) return false;
    return status.role !== 'starting' || status.peer?.role === 'active';
  }

  #follow(status: HeartbeatStatus): void {
    this.#lostAt_ms = undefined;
    const active = status.role === 'active';
    const because = status.role === 'starting' ? `starting: ${status.because}` : status.because;
    this.#setRole(active ? 'active' : 'standby', because, status.epoch);
    this.sync?.role(active, status.epoch);
    if (this.#isRoleKnown()) this.#waiters.release();
  }

  #setRole(name: 'active' | 'standby', because: string, epoch: number): void {
    const { core } = this;
    const before = core.role;
    if (before.name === name && before.because === because) return;
    core.role = { name, because };
    if (before.name === name) return;
    core.record(`became-${name}`, 'director', because, { epoch, was: before.because });
    core.board.setActive(name === 'active');
    // What is taken over must be as this director sees it, and at once.
    try {
      core.director.decideAll();
    } catch (error) {
      // The next round tries again; who is active does not hang on it.
      if (!(error instanceof FairleadError)) throw error;
      core.record('failed', 'director', error.message, { code: error.code });
    }
  }

  #takeRound(): void {
    const { core } = this;
    this.heartbeat.watch();
    this.#tellSettings();
    core.director.touch(core.board.age().map((change) => change.service));
    if (this.#lostAt_ms !== undefined && core.clock.monotonic_ms() - this.#lostAt_ms > SILENT_MS)
      this.#setRole('standby', 'the heartbeat is not running, so that nobody can tell', 0);
    const health = ownHealth({
      services: core.director.configuration.services.map((service) => ({
        name: service.name,
        servers: service.servers.map((server) => core.board.ownHealth(service.name, server.name)),
      })),
      refused: core.director.failures.all().map((failure) => failure.service),
      deaf: [...core.hooks.missing.keys()],
    });
    this.heartbeat.tell({ kind: 'health', ...health });
    const complete = ownCompleteness({
      undecided: core.board.undecided(),
      sync:
        this.sync === undefined
          ? undefined
          : (this.sync.status ?? {
              complete: false,
              because: this.sync.failure() ?? 'it has said nothing yet',
            }),
    });
    this.heartbeat.tell({ kind: 'complete', ...complete });
    this.#tellPosition();
    this.#findPeer();
  }

  #tellPosition(): void {
    const { number, hash } = this.revision();
    this.heartbeat.tell({
      kind: 'position',
      syncPosition: this.sync?.status?.position ?? 0,
      revision: number,
      revisionHash: hash,
    });
  }

  /** Where sync and channel go may be known only once the first beat has come. */
  #findPeer(): void {
    const { configuration, runtimeFolder } = this.#options;
    const { sync, cluster } = configuration;
    if (sync === undefined) return;
    const ends = syncEnds(configuration, this.core.node, addressesOf, this.heartbeat.status?.links);
    if (ends === undefined) return;
    const own = { address: ends.own, port: sync.port };
    const remote = { address: ends.peer, port: sync.port };
    this.link.open({ own, remote });
    this.sync?.settings({
      pinFolder: pinFolderOf(runtimeFolder),
      cluster,
      node: this.core.node,
      peer: this.peer,
      keyFile: this.#keyFile,
      interface: sync.link,
      own,
      remote,
    });
  }
}

const FORMER_MAX = 1_024;

function addressesOf(name: string): string[] {
  return (os.networkInterfaces()[name] ?? []).map((each) => each.address);
}
