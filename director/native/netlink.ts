// A conversation with the kernel over one netlink socket: commands that are acknowledged, questions, dumps.
// Guarantees: an answer belongs to the request just made (sequence number, sent by the kernel) or is ignored; every
// wait, answer and retry is bounded; a dump is either consistent or an error. The kernel answers within the system
// call that asks, so these calls block for microseconds; the timeout is for what should not happen.
import { FairleadError } from '../model/error.ts';
import {
  AF_NETLINK,
  bind,
  type Descriptor,
  MSG_DONTWAIT,
  MSG_TRUNC,
  recvfrom,
  SOCK_RAW,
  SystemError,
  sendto,
  setSocketTimeout,
  setsockoptInt,
  socket,
} from './libc.ts';
import {
  encodeMessage,
  messages,
  type NetlinkMessage,
  type NetlinkRequest,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_OVERRUN,
  readVerdict,
} from './netlink-codec.ts';

export const NETLINK_ROUTE = 0;

const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;

const EAGAIN = 11;
const ANSWER_TIMEOUT_MS = 2_000;
const DUMP_ATTEMPTS = 8;
const DUMP_ITEMS_MAX = 1 << 20;
/** Datagrams that are not ours before we stop believing that an answer will come. */
const STRAY_MAX = 1_000;
const BUFFER_START_BYTES = 64 * 1024;
const BUFFER_MAX_BYTES = 1024 * 1024;

/** struct sockaddr_nl: family, padding, port 0 = the kernel (or: let the kernel choose ours), group mask. */
export function netlinkAddress(groups = 0): Uint8Array {
  const address = new Uint8Array(12);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(8, groups, true);
  return address;
}

/** Whether the sender's address, as recvfrom fills it in, is the kernel's: any local process may write to our port. */
export function isFromKernel(sender: Uint8Array): boolean {
  return sender[4] === 0 && sender[5] === 0 && sender[6] === 0 && sender[7] === 0;
}

/** What became of one pass over the answers. */
type Outcome = 'complete' | 'unsteady';

/** What carries the datagrams: a socket, or in tests a kernel that misbehaves. */
export interface NetlinkChannel extends Disposable {
  send(datagram: Uint8Array): void;
  /** As recvfrom: the datagram's true length, however much of it fitted; undefined when nothing came. */
  receive(buffer: Uint8Array, sender: Uint8Array, wait: boolean): number | undefined;
}

export class Netlink implements Disposable {
  readonly #channel: NetlinkChannel;
  #sequence = 0;
  #strays = 0;
  #buffer = new Uint8Array(BUFFER_START_BYTES);
  readonly #sender = new Uint8Array(12);

  /** Opens in the network namespace of the calling thread, and stays in it. */
  constructor(protocol: number, channel: NetlinkChannel = openChannel(protocol)) {
    this.#channel = channel;
  }

  /** Has the kernel carry something out. Throws SystemError named after `purpose` when it refuses. */
  command(request: NetlinkRequest, purpose: string): void {
    this.#exchange(request, NLM_F_ACK, purpose, () => {});
  }

  /** Asks for one thing. `decode` must copy what it keeps of the payload. Throws when there is no answer. */
  get<T>(request: NetlinkRequest, purpose: string, decode: (message: NetlinkMessage) => T): T {
    const answers: T[] = [];
    this.#exchange(request, NLM_F_ACK, purpose, (message) => {
      if (answers.length === 0) answers.push(decode(message));
    });
    if (answers.length === 0)
      throw new FairleadError('netlink-no-answer', `${purpose}: the kernel agreed but gave no answer.`);
    return answers[0]!;
  }

  /** Asks for all of a kind; `decode` may leave items out by undefined, and must copy what it keeps of the payload. */
  dump<T>(request: NetlinkRequest, purpose: string, decode: (message: NetlinkMessage) => T | undefined): T[] {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const items: T[] = [];
      const outcome = this.#exchange(request, NLM_F_DUMP, purpose, (message) => {
        const item = decode(message);
        if (item === undefined) return;
        if (items.length === DUMP_ITEMS_MAX)
          throw new FairleadError('netlink-too-much', `${purpose}: more than ${DUMP_ITEMS_MAX} entries.`);
        items.push(item);
      });
      if (outcome === 'complete') return items;
    }
    throw new FairleadError(
      'netlink-dump-unsteady',
      `${purpose}: the kernel's table changed during each of ${DUMP_ATTEMPTS} attempts to read it.`,
      { remedy: 'Try again when fewer changes happen at once.' },
    );
  }

  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
  }

  #exchange(
    request: NetlinkRequest,
    flags: number,
    purpose: string,
    take: (message: NetlinkMessage) => void,
  ): Outcome {
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#channel.send(encodeMessage(request, flags, this.#sequence));
    try {
      return this.#collect(purpose, flags === NLM_F_DUMP, take);
    } catch (error) {
      this.#drain(); // the kernel begins no new dump on this socket before the old one was read to its end
      throw error;
    }
  }

  /** Reads answers up to the verdict that ends them. */
  #collect(purpose: string, isDump: boolean, take: (message: NetlinkMessage) => void): Outcome {
    let outcome: Outcome = 'complete';
    this.#strays = 0;
    for (;;) {
      const answers = this.#receive(purpose, isDump);
      if (answers === 'lost') {
        this.#drain(); // the end of the dump may be what was lost
        return 'unsteady';
      }
      for (const message of answers) {
        if ((message.flags & NLM_F_DUMP_INTR) !== 0 || message.type === NLMSG_OVERRUN) outcome = 'unsteady';
        if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
          this.#judge(message, purpose);
          return outcome;
        }
        if (message.type > NLMSG_OVERRUN && outcome === 'complete') take(message);
      }
    }
  }

  #judge(message: NetlinkMessage, purpose: string): void {
    const { errno, detail } = readVerdict(message);
    if (errno !== 0) throw new SystemError(purpose, errno, undefined, detail === undefined ? {} : { detail });
  }

  /** What is ours of the next datagram; `lost`: a part of a dump had no room (next time the buffer is larger). */
  #receive(purpose: string, isDump: boolean): NetlinkMessage[] | 'lost' {
    let length: number | undefined;
    try {
      length = this.#channel.receive(this.#buffer, this.#sender, true);
    } catch (error) {
      if (isDump && error instanceof SystemError && error.is('ENOBUFS')) return 'lost';
      throw error;
    }
    if (length === undefined)
      throw new FairleadError('netlink-no-answer', `${purpose}: no answer in ${ANSWER_TIMEOUT_MS} ms.`);
    if (!isFromKernel(this.#sender)) return this.#stray(purpose);
    if (length > this.#buffer.length) {
      if (!isDump || length > BUFFER_MAX_BYTES)
        throw new FairleadError('netlink-too-much', `${purpose}: an answer of ${length} bytes.`);
      this.#buffer = new Uint8Array(BUFFER_MAX_BYTES);
      return 'lost';
    }
    const all = messages(this.#buffer.subarray(0, length));
    const ours = [...all].filter((message) => message.sequence === this.#sequence);
    return ours.length > 0 ? ours : this.#stray(purpose);
  }

  #stray(purpose: string): [] {
    if (++this.#strays > STRAY_MAX)
      throw new FairleadError('netlink-no-answer', `${purpose}: ${STRAY_MAX} messages came, but no answer.`);
    return [];
  }

  /** Throws away what is still coming. */
  #drain(): void {
    const scrap = new Uint8Array(1);
    for (let turn = 0; turn < DUMP_ITEMS_MAX; turn++) {
      try {
        if (this.#channel.receive(scrap, this.#sender, false) === undefined) return;
      } catch (error) {
        if (error instanceof SystemError && error.is('ENOBUFS')) continue;
        return; // closed, or broken for good: the next request will say so
      }
    }
  }
}

function openChannel(protocol: number): NetlinkChannel {
  const descriptor = socket(AF_NETLINK, SOCK_RAW, protocol);
  try {
    bind(descriptor.fd, netlinkAddress());
    setSocketTimeout(descriptor.fd, ANSWER_TIMEOUT_MS);
    for (const option of [NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) prefer(descriptor, option);
  } catch (error) {
    descriptor[Symbol.dispose]();
    throw error;
  }
  return {
    send(datagram) {
      if (sendto(descriptor.fd, datagram, 0, netlinkAddress()) === undefined)
        throw new SystemError('send to the kernel', EAGAIN);
    },
    receive: (buffer, sender, wait) =>
      recvfrom(descriptor.fd, buffer, wait ? MSG_TRUNC : MSG_TRUNC | MSG_DONTWAIT, sender),
    [Symbol.dispose]: () => descriptor[Symbol.dispose](),
  };
}

/** Options that make answers better, on kernels that have them. */
function prefer(descriptor: Descriptor, option: number): void {
  try {
    setsockoptInt(descriptor.fd, SOL_NETLINK, option, 1);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
  }
}
