// The channel between two supervisors, as its user sees it: each end tells the other its newest state, and may put
// requests to the other's control API. Two directors without certificates, held together by the pair's key.
import type { Clock } from '../model/clock.ts';
import type { PeerState } from './state.ts';

export interface PeerEndpoint {
  /** Literal. */
  readonly address: string;
  readonly port: number;
}

/** The pair's keys for one purpose, one per line of the key file (heartbeat/link/keys.ts): the first is used, all are accepted. */
export interface PeerKeyring {
  forPurpose(purpose: 'peer'): { readonly keys: readonly { readonly secret: Uint8Array }[] };
}

export interface PeerRequest {
  readonly method: string;
  /** Of the control API, with its query: `/api/v1/…`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface PeerReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type PeerLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

export interface PeerChannelOptions {
  readonly own: PeerEndpoint;
  readonly remote: PeerEndpoint;
  readonly node: string;
  readonly peer: string;
  readonly cluster: string;
  /** Asked anew at each handshake, so that a changed key file counts from then on. */
  readonly keyring: PeerKeyring;
  readonly clock: Clock;
  readonly log: PeerLog;
  /**
   * The peer's newest state, complete and of the right shape, at each change and every 5 s. Judge it with decidePeerState().
   * Returns whether its orders and revision stand here too now, or soon will.
   */
  onState(state: PeerState): boolean;
  /** heeded() has changed. */
  onHeeded?(): void;
  /** The peer asks our control API. What it throws goes back as a problem (RFC 9457). */
  serve(request: PeerRequest & { readonly body: string; readonly peer: string }): Promise<PeerReply>;
  /** connected() has changed. */
  onConnection?(connected: boolean, because: string): void;
}

export interface PeerChannelStatus {
  readonly connected: boolean;
  /** Why it is not connected, or what the connection is made of. */
  readonly because: string;
  readonly listening: boolean;
  readonly listening_because: string;
  /** Since a request of ours was last answered; undefined: never. */
  readonly heard_age_ms: number | undefined;
  /** What the peer last said of itself. */
  readonly peer: { readonly epoch: number; readonly role: PeerState['role'] } | undefined;
  readonly tls: { readonly protocol: string; readonly cipher: string; readonly key: string } | undefined;
  /** The peer has acknowledged the state that was pushed last. */
  readonly upToDate: boolean;
  readonly sent: Readonly<Record<'states' | 'bytes' | 'failed' | 'calls' | 'callsFailed', number>>;
  readonly received: Readonly<Record<'states' | 'bytes' | 'calls', number>>;
  /** Connections and requests that were turned away, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface PeerChannel extends AsyncDisposable {
  /** A request of ours was answered within the last 3 s. */
  connected(): boolean;
  /**
   * Puts a request to the peer's control API. Rejects with FairleadError: `peer-unreachable` (it was not sent),
   * `peer-no-answer` (it was sent, and may have been carried out), `peer-busy`, `bad-request`, `too-large`.
   */
  call(request: PeerRequest): Promise<PeerReply>;
  /** Takes effect within 20 ms; only the newest state counts. */
  push(state: PeerState): void;
  /** The newest state that the peer has acknowledged, if it took it over; undefined: it has said nothing yet. */
  heeded(): PeerState | 'refused' | undefined;
  status(): PeerChannelStatus;
}
