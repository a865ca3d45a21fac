// Opens the channel: the listening end, the asking end, and what goes both ways between them.
import { randomBytes } from 'node:crypto';
import { BODY_MAX_BYTES } from '../control/server.ts';
import { EXIT, FairleadError } from '../model/error.ts';
import { PeerClient } from './client.ts';
import { Inbox } from './inbox.ts';
import { Liveness } from './liveness.ts';
import {
  ANSWER_MAX_BYTES,
  type Answer,
  answerSchema,
  CONTROL_PREFIX,
  HELLO_PATH,
  STATE_PATH,
  type StateMessage,
} from './message.ts';
import { Pusher } from './pusher.ts';
import { Refusals } from './refusals.ts';
import { badRequest, createRouter } from './router.ts';
import { openPeerServer, type PeerServer } from './server.ts';
import type { PeerState } from './state.ts';
import type { PeerChannel, PeerChannelOptions, PeerChannelStatus, PeerReply, PeerRequest } from './types.ts';

const HELLO_TIMEOUT_MS = 2_000;
const PUSH_TIMEOUT_MS = 10_000;
const CALL_TIMEOUT_MS = 10_000;
const CALL_REPLY_MAX_BYTES = 32 * 2 ** 20;
const CALLS_MAX = 32;

/** Resolves when it has tried to listen once; whatever does not work yet is tried again, see status(). */
export async function openPeerChannel(options: PeerChannelOptions): Promise<PeerChannel> {
  const channel = new Channel(options);
  await channel.open();
  return channel;
}

class Channel implements PeerChannel {
  readonly #options: PeerChannelOptions;
  readonly #refusals: Refusals;
  readonly #client: PeerClient;
  readonly #liveness: Liveness;
  readonly #pusher: Pusher;
  readonly #inbox = new Inbox();
  readonly #calls = { sent: 0, failed: 0, waiting: 0 };
  readonly #received = { states: 0, bytes: 0, calls: 0 };
  #server: PeerServer | undefined;
  #own: Pick<PeerState, 'epoch' | 'role'> = { epoch: 0, role: 'starting' };
  #peer: PeerChannelStatus['peer'];
  #ended = false;

  constructor(options: PeerChannelOptions) {
    this.#options = options;
    const { clock, log, peer } = options;
    this.#refusals = new Refusals(clock, log);
    this.#client = new PeerClient(options);
    this.#liveness = new Liveness({
      clock,
      ask: () => this.#hello(),
      onChange: (connected, because) => {
        log(connected ? 'info' : 'warn', connected ? 'the peer is there' : 'the peer is gone', {
          peer,
          because,
        });
        if (connected) this.#pusher.reconnected();
        else this.#client.dropConnections();
        options.onConnection?.(connected, because);
      },
    });
    this.#pusher = new Pusher({
      clock,
      session: randomBytes(8).toString('hex'),
      connected: () => this.connected(),
      put: (body) => this.#put(body),
      onHeeded: () => options.onHeeded?.(),
      onFailure: (error) => {
        if (!this.#ended) log('warn', 'the peer did not take our state', { peer, because: messageOf(error) });
      },
    });
  }

  async open(): Promise<void> {
    const { clock, peer, serve } = this.#options;
    const route = createRouter({
      clock,
      refusals: this.#refusals,
      answer: () => this.#answer(),
      takeState: (message, bytes) => this.#takeState(message, bytes),
      serve: (request) => {
        this.#received.calls++;
        return serve({ ...request, peer });
      },
    });
    this.#server = await openPeerServer(this.#options, this.#refusals, (request, response) => {
      // It reaches us, so we should reach it.
      if (!this.connected()) this.#liveness.hurry();
      route(request, response);
    });
    this.#liveness.hurry();
  }

  connected(): boolean {
    return this.#liveness.connected();
  }

  push(state: PeerState): void {
    this.#own = { epoch: state.epoch, role: state.role };
    this.#inbox.ownRevision(state.revision);
    this.#pusher.push(state);
  }

  heeded(): PeerState | 'refused' | undefined {
    return this.#pusher.heeded;
  }

  async call(request: PeerRequest): Promise<PeerReply> {
    if (!request.path.startsWith(CONTROL_PREFIX))
      throw badRequest(`${request.path} is no path of the control API`);
    if (Buffer.byteLength(request.body ?? '') > BODY_MAX_BYTES)
      throw new FairleadError('too-large', `The body is larger than ${BODY_MAX_BYTES} bytes.`, {
        exit: EXIT.usage,
      });
    if (this.#calls.waiting >= CALLS_MAX)
      throw new FairleadError('peer-busy', `${CALLS_MAX} requests to the peer are under way already.`, {
        remedy: 'Try again in a moment.',
      });
    this.#calls.sent++;
    this.#calls.waiting++;
    try {
      const reply = await this.#client.exchange({
        ...request,
        lane: 'calls',
        timeout_ms: CALL_TIMEOUT_MS,
        reply_max_bytes: CALL_REPLY_MAX_BYTES,
      });
      this.#liveness.heard();
      return reply;
    } catch (error) {
      this.#calls.failed++;
      throw error;
    } finally {
      this.#calls.waiting--;
    }
  }

  status(): PeerChannelStatus {
    const { states, bytes, failed } = this.#pusher.sent;
    return {
      connected: this.connected(),
      because: this.#liveness.because,
      listening: this.#server?.listening() ?? false,
      listening_because: this.#server?.because() ?? 'not opened yet',
      heard_age_ms: this.#liveness.heardAge_ms(),
      peer: this.#peer,
      tls: this.#client.tls(),
      upToDate: this.#pusher.upToDate(),
      sent: { states, bytes, failed, calls: this.#calls.sent, callsFailed: this.#calls.failed },
      received: { ...this.#received },
      refused: this.#refusals.all(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#liveness[Symbol.dispose]();
    this.#pusher[Symbol.dispose]();
    this.#client[Symbol.dispose]();
    await this.#server?.[Symbol.asyncDispose]();
  }

  async #hello(): Promise<void> {
    const mark = this.#pusher.mark();
    const { status, answer } = await this.#ask('GET', HELLO_PATH, undefined, HELLO_TIMEOUT_MS);
    if (status !== 200) throw new FairleadError('peer-no-answer', `The peer answers with status ${status}.`);
    this.#liveness.heard();
    this.#pusher.compare(answer, mark);
  }

  async #put(body: string): Promise<{ status: 200 | 409; answer: Answer }> {
    const { status, answer } = await this.#ask('PUT', STATE_PATH, body, PUSH_TIMEOUT_MS);
    this.#liveness.heard();
    return { status: status === 200 ? 200 : 409, answer };
  }

  async #ask(
    method: string,
    path: string,
    body: string | undefined,
    timeout_ms: number,
  ): Promise<{ status: number; answer: Answer }> {
    const reply = await this.#client.exchange({
      lane: 'own',
      method,
      path,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
      timeout_ms,
      reply_max_bytes: ANSWER_MAX_BYTES,
    });
    if (reply.status !== 200 && reply.status !== 409)
      throw new FairleadError(
        'peer-no-answer',
        `The peer answers with status ${reply.status}: ${reply.body}`,
      );
    const answer = parseAnswer(reply.body);
    if (answer?.director !== this.#options.peer)
      throw new FairleadError('peer-no-answer', 'The peer answers what we do not understand.');
    this.#peer = { epoch: answer.epoch, role: answer.role };
    return { status: reply.status, answer };
  }

  #answer(): Answer {
    return { director: this.#options.node, ...this.#own, have: this.#inbox.have() };
  }

  #takeState(message: StateMessage, bytes: number): { status: 200 | 409; answer: Answer } {
    if (message.director !== this.#options.peer)
      throw badRequest(`the state is that of ${message.director}, not of ${this.#options.peer}`);
    const state = this.#inbox.take(message);
    if (typeof state === 'string') {
      this.#refusals.count(state);
      return { status: 409, answer: this.#answer() };
    }
    this.#received.states++;
    this.#received.bytes += bytes;
    this.#peer = { epoch: state.epoch, role: state.role };
    const heeded = this.#options.onState(state);
    return { status: 200, answer: { ...this.#answer(), heeded } };
  }
}

function parseAnswer(text: string): Answer | undefined {
  try {
    return answerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
