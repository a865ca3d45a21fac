// The channel to the other supervisor, wired: our newest state goes out when something in it has changed; of the active's
// states orders, verdicts and revisions are adopted; what only the active does is handed on to it. Opened as soon as the
// addresses are known, opened anew when they change.
import type { RawReply, RawRequest } from '../../control/backend.ts';
import { EXIT, FairleadError } from '../../model/error.ts';
import { openPeerChannel } from '../../peer/channel.ts';
import { decidePeerState, type PeerRefusal, type RevisionName } from '../../peer/merge.ts';
import type { PeerState } from '../../peer/state.ts';
import type { PeerChannel, PeerChannelOptions, PeerChannelStatus } from '../../peer/types.ts';
import { adoptRevision } from '../change.ts';
import type { Core } from '../core.ts';
import { every } from '../every.ts';
import { Waiters } from './waiters.ts';

const LOOK_INTERVAL_MS = 50;
const ORDERS_TOLD = 20;
/** A peer that is there takes an order over within some 30 ms. One that refuses it has made a claim, which shows here soon. */
const CONFIRM_MS = { silent: 1_000, refused: 8_000 };

export interface PeerLinkOptions {
  readonly core: Core;
  readonly peer: string;
  readonly keyring: PeerChannelOptions['keyring'];
  readonly serve: PeerChannelOptions['serve'];
  /** The highest claim that is known here. */
  readonly epoch: () => number;
  /** Whether beats say that the peer is the active. */
  readonly peerIsActive: () => boolean | undefined;
}

export class PeerLink implements AsyncDisposable {
  readonly #options: PeerLinkOptions;
  readonly #look: Disposable;
  #channel: PeerChannel | undefined;
  #ends = '';
  #opening: Promise<void> = Promise.resolve();
  #pushed: PeerState | undefined;
  #told = '';
  #lastState = 'nothing heard yet';
  #revisionProblem: string | undefined;
  #adopting = false;
  #adoptions = 0;
  readonly #waiters: Waiters;
  #closed = false;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#waiters = new Waiters(options.core.clock);
    this.#look = every(options.core.clock, LOOK_INTERVAL_MS, () => {
      this.#push();
      this.#waiters.release(); // the role may be another
    });
  }

  /** Where both ends are by now. */
  open(ends: Pick<PeerChannelOptions, 'own' | 'remote'>): void {
    const text = JSON.stringify(ends);
    if (text === this.#ends || this.#closed) return;
    this.#ends = text;
    this.#opening = this.#opening.then(() => this.#reopen(ends));
  }

  connected(): boolean {
    return this.#channel?.connected() ?? false;
  }

  status(): PeerChannelStatus | undefined {
    return this.#channel?.status();
  }

  /** What became of the peer's last state. */
  get lastState(): string {
    return this.#lastState;
  }

  /** Why the active's revision is not in force here. */
  get revisionProblem(): string | undefined {
    return this.#revisionProblem;
  }

  /** A read of the peer's control API. */
  async ask(path: string): Promise<unknown> {
    if (this.#channel === undefined)
      throw new FairleadError('peer-unreachable', 'The peer channel is not open yet.');
    const reply = await this.#channel.call({ method: 'GET', path, headers: {} });
    if (reply.status !== 200)
      throw new FairleadError('peer-no-answer', `The peer answered with status ${reply.status}.`);
    return JSON.parse(reply.body);
  }

  /** A write to the peer's control API that it is to do itself. */
  async tell(path: string, body: unknown): Promise<void> {
    if (this.#channel === undefined)
      throw new FairleadError('peer-unreachable', 'The peer channel is not open yet.');
    const headers = { 'content-type': 'application/json', 'fairlead-author': this.#options.core.node };
    const reply = await this.#channel.call({ method: 'POST', path, headers, body: JSON.stringify(body) });
    if (reply.status !== 200)
      throw new FairleadError('peer-no-answer', `The peer answered with status ${reply.status}.`);
  }

  /** See ControlBackend. */
  async forward(request: RawRequest, cameFromPeer: boolean): Promise<RawReply | undefined> {
    const { core, peer } = this.#options;
    if (core.role.name === 'active') return undefined;
    if (cameFromPeer)
      throw notActive(`${core.node} is not the active director either.`, 'See "fairlead status" on both.');
    if (this.#options.peerIsActive() === false)
      throw notActive(
        `No director is active: ${core.node} stands by, and so does ${peer}.`,
        'See "fairlead status".',
      );
    if (!this.connected() || this.#channel === undefined)
      throw notActive(
        `${core.node} stands by, and ${peer}, the active, cannot be reached over the peer channel.`,
        `Run the command on ${peer}.`,
      );
    try {
      return await this.#channel.call(request);
    } catch (error) {
      if (error instanceof FairleadError && error.code === 'peer-unreachable')
        throw notActive(
          `${core.node} stands by, and ${peer} cannot be reached: ${error.message}`,
          `Run the command on ${peer}.`,
        );
      throw error;
    }
  }

  /**
   * Settles when the peer has what stands here, so that it stands whoever is active then; at once where there is no peer, after a
   * second where it says nothing. False: the peer has become active without it, and this director is not any more.
   */
  async confirm(): Promise<boolean> {
    const { core } = this.#options;
    const adoptions = this.#adoptions;
    const stands = (): boolean => core.role.name === 'active' && this.#adoptions === adoptions;
    const begun_ms = core.clock.monotonic_ms();
    this.#push();
    while (stands() && this.connected() && !this.#isHeeded()) {
      const limit_ms = CONFIRM_MS[this.#channel?.heeded() === 'refused' ? 'refused' : 'silent'];
      const left_ms = begun_ms + limit_ms - core.clock.monotonic_ms();
      if (left_ms <= 0) break;
      await this.#waiters.wait(left_ms);
    }
    return stands();
  }

  #isHeeded(): boolean {
    const { core } = this.#options;
    const heeded = this.#channel?.heeded();
    if (heeded === undefined || heeded === 'refused') return false;
    return heeded.orders === core.orders.list() && heeded.revision === core.revision;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#look[Symbol.dispose]();
    await this.#opening;
    await this.#channel?.[Symbol.asyncDispose]();
  }

  async #reopen(ends: Pick<PeerChannelOptions, 'own' | 'remote'>): Promise<void> {
    const { core, peer, keyring, serve } = this.#options;
    await this.#channel?.[Symbol.asyncDispose]();
    if (this.#closed) return;
    try {
      this.#channel = await openPeerChannel({
        ...ends,
        node: core.node,
        peer,
        cluster: core.director.configuration.cluster,
        keyring,
        clock: core.clock,
        log: core.log,
        serve,
        onState: (state) => this.#hear(state),
        onHeeded: () => this.#waiters.release(),
        onConnection: (connected, because) => {
          core.record(connected ? 'peer-connected' : 'peer-disconnected', peer, because);
          if (!connected) core.director.touch(core.board.losePeer().map((change) => change.service));
        },
      });
      this.#pushed = undefined;
    } catch (error) {
      this.#channel = undefined;
      core.log('error', 'the peer channel could not be opened', { error: String(error) });
    }
  }

  #push(): void {
    const { core, epoch } = this.#options;
    if (this.#channel === undefined) return;
    const before = this.#pushed;
    const state: PeerState = {
      director: core.node,
      epoch: epoch(),
      role: core.role.name,
      revision: core.revision,
      orders: core.orders.list(),
      verdicts: core.board.verdicts(),
      schedule: core.schedule.shared(),
    };
    const same =
      before !== undefined &&
      (['epoch', 'role', 'revision', 'orders', 'verdicts', 'schedule'] as const).every(
        (key) => before[key] === state[key],
      );
    if (same) return;
    this.#pushed = state;
    this.#channel.push(state);
  }

  /** Whether it counts here. */
  #hear(state: PeerState): boolean {
    const { core, epoch } = this.#options;
    const own = { epoch: epoch(), role: core.role.name, revision: core.revision, orders: core.orders.list() };
    const decision = decidePeerState(own, state);
    this.#tellRefusal(state, decision.refused);
    if (decision.adoptOrders !== undefined) this.#adoptOrders(state, decision.adoptOrders);
    if (decision.verdicts !== undefined) {
      const changes = core.board.hearPeer(decision.verdicts);
      core.director.touch(changes.map((change) => change.service));
    }
    if (decision.schedule !== undefined) core.schedule.adopt(decision.schedule);
    if (decision.adoptRevision !== undefined)
      void this.#adoptRevision(state, decision.adoptRevision.replaced);
    return decision.refused.length === 0;
  }

  /** That a standby tells its state, and an active does not heed it, is as it should be. */
  #tellRefusal(state: PeerState, refused: readonly PeerRefusal[]): void {
    const { core, epoch } = this.#options;
    this.#lastState = refused.length === 0 ? 'adopted' : refused.join(', ');
    const news = refused.filter((each) => each !== 'not-active');
    const text = news.map((each) => REFUSALS[each]).join('; ');
    if (text !== '' && text !== this.#told)
      core.record('peer-state-refused', state.director, `its state is not taken over: ${text}`, {
        refused: news,
        their_epoch: state.epoch,
        our_epoch: epoch(),
      });
    this.#told = text;
  }

  #adoptOrders(state: PeerState, orders: PeerState['orders']): void {
    const { core } = this.#options;
    const { saved, forgotten } = core.orders.adopt(orders);
    if (saved.length + forgotten.length === 0) return;
    this.#adoptions++;
    for (const order of saved) void core.store.saveOrder(order);
    for (const { service, server } of forgotten) void core.store.forgetOrder(service, server);
    core.record(
      'orders-adopted',
      state.director,
      `${saved.length} orders taken over, ${forgotten.length} ended`,
      {
        orders: saved
          .slice(0, ORDERS_TOLD)
          .map(({ service, server, admin }) => `${service}/${server} ${admin}`),
      },
    );
    const services = [...saved, ...forgotten].map((order) => order.service);
    core.director.touch(services.filter((name) => core.director.service(name)));
  }

  /** One at a time; the next one comes by itself within seconds. */
  async #adoptRevision(state: PeerState, replaced: RevisionName | undefined): Promise<void> {
    const { core, epoch } = this.#options;
    if (this.#adopting) return;
    this.#adopting = true;
    const instead =
      replaced === undefined ? '' : `, in place of revision ${replaced.number} of ${replaced.author}`;
    try {
      await adoptRevision(core, state.revision, {
        from: state.director,
        reason: `the active has it${instead}`,
        stillWanted: () => core.role.name === 'standby' && state.epoch >= epoch(),
      });
      this.#revisionProblem = undefined;
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
      const problem = `revision ${state.revision.number} of ${state.director} cannot be taken over: ${error.message.split('\n')[0] ?? ''}`;
      if (this.#revisionProblem !== problem)
        core.record('revision-refused', state.director, problem, { code: error.code });
      this.#revisionProblem = problem;
    } finally {
      this.#adopting = false;
    }
  }
}

const REFUSALS: Readonly<Record<PeerRefusal, string>> = {
  'not-active': 'it stands by',
  'old-epoch': 'a later claim is known here',
  'both-active': 'both are active, which the heartbeats settle',
  'hash-mismatch': 'the text of its revision has another hash than it says',
  'duplicate-orders': 'it has two orders for one server',
};

function notActive(message: string, remedy: string): FairleadError {
  return new FairleadError('not-active', message, { remedy, exit: EXIT.notActive });
}
