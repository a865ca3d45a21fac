// What a sender is: one attempt at one message, by one way. It never throws, ends within its time, and leaves nothing open.
import type { Message } from '../core/types.ts';

export interface Envelope {
  readonly message: Message;
  readonly cluster: string;
  readonly node: string;
  readonly version: string;
  readonly attempt: number;
  /** Messages that did not get through since the last one that did. */
  readonly lost: number;
}

export interface Outcome {
  readonly ok: boolean;
  /** Whether it may help to try again. */
  readonly retry: boolean;
  readonly detail: string;
}

export interface SendContext {
  readonly timeout_ms: number;
  /** That file names are relative to. */
  readonly folder: string;
  /** Ends the attempt early. */
  readonly signal: AbortSignal;
}

export type Send = (envelope: Envelope, context: SendContext) => Promise<Outcome>;

export const done = (detail: string): Outcome => ({ ok: true, retry: false, detail });
export const failed = (detail: string, retry = true): Outcome => ({
  ok: false,
  retry,
  detail: oneLine(detail),
});

const DETAIL_CHARS_MAX = 300;

/** What the other end said is shown to people. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const line = text.replace(/[\x00-\x1f\x7f-\x9f\s]+/g, ' ').trim();
  return line.length > DETAIL_CHARS_MAX ? `${line.slice(0, DETAIL_CHARS_MAX - 1)}…` : line;
}

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the other end',
  EPIPE: 'connection closed by the other end',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be looked up just now',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed (see ca_file)',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate comes from an unknown authority (see ca_file)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate comes from an unknown authority (see ca_file)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate comes from an unknown authority (see ca_file)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  CERT_HAS_EXPIRED: 'the certificate has expired',
};

export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return SENTENCES[code] ?? error.message;
}
