// UDP traffic: flows that go on from one port each, and fresh flows of one datagram. Every datagram is numbered, and
// its answer (the real server's name, a blank, the same bytes) is checked or missed in time.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { fillPattern } from '../pattern.ts';
import { type Context, failure, steadily } from './activity.ts';
import { failureKind } from './ledger.ts';
import type { Activity, Target } from './traffic.ts';

const PAYLOAD_BYTES = 400;
const SEND_EVERY_MS = 50;
const ANSWER_WITHIN_MS = 1_000;

export function startUdp(target: Target, context: Context): void {
  for (let count = 0; count < target.held; count++) holdFlow(target, context);
  steadily(target.rate, context, () => {
    const flow = openFlow(target, context, 'fresh', (server, latency_ms) => {
      context.ledger.answered(target.service, server, latency_ms, PAYLOAD_BYTES);
      flow.close();
    });
    flow.send();
    setTimeout(flow.close, ANSWER_WITHIN_MS + SEND_EVERY_MS);
  });
}

function holdFlow(target: Target, context: Context): void {
  let at: string | undefined;
  const flow = openFlow(target, context, 'held', (server) => {
    context.ledger.verified(target.service, PAYLOAD_BYTES);
    if (server === at) return;
    if (at !== undefined) context.ledger.held(target.service, at, -1);
    context.ledger.held(target.service, server, 1);
    at = server;
  });
  setInterval(flow.send, SEND_EVERY_MS);
}

interface Debt {
  readonly began: number;
  readonly sent: number;
  readonly timer: NodeJS.Timeout;
}

interface Flow {
  send(): void;
  close(): void;
}

function openFlow(
  target: Target,
  context: Context,
  what: Activity,
  answered: (server: string, latency_ms: number) => void,
): Flow {
  const socket = createSocket(isIPv6(target.address) ? 'udp6' : 'udp4');
  const seed = context.seed();
  const owed = new Map<number, Debt>();
  let next = 0;
  let open = true;
  let server: string | undefined;
  socket.connect(target.port, target.address);
  socket.on('error', (error) => {
    context.ledger.failed(
      failure(target, what, Date.now(), { kind: failureKind(error), detail: error.message, server }),
    );
  });
  socket.on('message', (message) => {
    const blank = message.indexOf(32);
    const name = message.toString('latin1', 0, Math.max(0, blank));
    const payload = message.subarray(blank + 1);
    const number = payload.length >= 4 ? payload.readUInt32BE(0) : -1;
    const debt = owed.get(number);
    if (!debt) return; // an answer that was given up, or a second one
    owed.delete(number);
    clearTimeout(debt.timer);
    server = name;
    if (payload.equals(datagram(seed, number))) answered(name, performance.now() - debt.sent);
    else
      context.ledger.failed(
        failure(target, what, debt.began, { kind: 'corrupt', detail: `datagram ${number}`, server }),
      );
  });
  const close = (): void => {
    if (!open) return;
    open = false;
    for (const debt of owed.values()) clearTimeout(debt.timer);
    socket.close();
  };
  const send = (): void => {
    if (!open || !isConnected(socket)) return;
    const number = next++;
    const began = Date.now();
    const towards = server; // a flow may be led to another one before this datagram is given up
    const timer = setTimeout(() => {
      owed.delete(number);
      const detail = `datagram ${number} unanswered`;
      context.ledger.failed(failure(target, what, began, { kind: 'timeout', detail, server: towards }));
    }, ANSWER_WITHIN_MS);
    owed.set(number, { began, sent: performance.now(), timer });
    socket.send(datagram(seed, number), () => {
      // An earlier datagram's ICMP error surfaces here; the missing answer is counted in any case.
    });
  };
  return {
    send() {
      if (open && !isConnected(socket)) socket.once('connect', send);
      else send();
    },
    close,
  };
}

function isConnected(socket: ReturnType<typeof createSocket>): boolean {
  try {
    socket.remoteAddress();
    return true;
  } catch {
    return false;
  }
}

/** The number, then bytes that belong to it. */
function datagram(seed: number, number: number): Buffer {
  const bytes = fillPattern(seed, number * PAYLOAD_BYTES, PAYLOAD_BYTES);
  bytes.writeUInt32BE(number, 0);
  return bytes;
}
