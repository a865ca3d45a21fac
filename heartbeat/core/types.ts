// What the role decision speaks in: beats, inputs, effects. Everything here is data; heartbeat/core decides by it,
// heartbeat/link puts beats on wires, the process carries effects out.

export const ROLES = ['starting', 'standby', 'active'] as const;
export type Role = (typeof ROLES)[number];

/** good; impaired: serves, but a good peer does better; bad: its own links or all its services are down. */
export const HEALTHS = ['good', 'impaired', 'bad'] as const;
export type Health = (typeof HEALTHS)[number];

/** What a director last heard from its peer on one link, so that both know of a one-way loss within a beat. */
export interface Heard {
  readonly sequence: number;
  readonly age_ms: number;
}

/** One beat, whatever its bytes; the same on every link. */
export interface Beat {
  /** Name of the director that sent it. */
  readonly director: string;
  /** By chance at each start of the process, never 0. */
  readonly bootId: number;
  /** Counts beats of this boot from 1. */
  readonly sequence: number;
  /** The highest claim that the sender knows of; as active: its own. */
  readonly epoch: number;
  readonly role: Role;
  readonly health: Health;
  /** Stands by on order: claims nothing. */
  readonly hold: boolean;
  /** Its view of health is fresh and its connection table complete. */
  readonly complete: boolean;
  /** It has just released the VIPs for its peer, who may claim at once. */
  readonly handover: boolean;
  /** It wants an answer now, not at the next interval. */
  readonly asks: boolean;
  /** 1 to 255; the higher one is preferred, then the name that sorts first. */
  readonly priority: number;
  readonly revision: number;
  readonly revisionHash: number;
  /** Of the connection sync: batches sent so far. */
  readonly syncPosition: number;
  /** Per link of the sender, in the order of the configuration; undefined: nothing heard there in this boot. */
  readonly heard: readonly (Heard | undefined)[];
}

export interface CoreSettings {
  readonly node: string;
  readonly peer: string;
  readonly priority: number;
  readonly links: number;
  readonly interval_ms: number;
  readonly deadtime_ms: number;
  /** Listening after a start before VIPs are claimed, when no peer is heard. */
  readonly initdead_ms: number;
  readonly failback: 'manual' | 'auto';
  /** Whether a takeover needs a witness that answers. */
  readonly witnesses: boolean;
  /** A command that makes sure of the peer before a takeover; on failure: claim all the same, or not. */
  readonly fence?: { readonly onFailure: 'refuse' | 'proceed' };
  /** Ask by ARP whether somebody holds the VIPs before claiming them. */
  readonly probesVips: boolean;
}

export type OrderKind = 'switchover' | 'hold' | 'release';

export type Input =
  /** Time passes: at least every interval, and whenever the process wakes. Pending beats were handed over before. */
  | { readonly kind: 'tick' }
  /** An authentic, fresh beat of the peer. */
  | { readonly kind: 'beat'; readonly link: number; readonly beat: Beat }
  /** Whether the link can be used at all: carrier, socket, line. */
  | { readonly kind: 'link'; readonly link: number; readonly up: boolean; readonly reason: string }
  | { readonly kind: 'health'; readonly health: Health; readonly reason: string }
  | { readonly kind: 'complete'; readonly complete: boolean; readonly reason: string }
  | {
      readonly kind: 'position';
      readonly syncPosition: number;
      readonly revision: number;
      readonly revisionHash: number;
    }
  /** Whether any witness has answered within the deadtime. */
  | { readonly kind: 'witness'; readonly reachable: boolean }
  /** hold stands until release. switchover: an active hands over to its peer. Each is answered by `order-result`. */
  | { readonly kind: 'order'; readonly id: number; readonly order: OrderKind }
  /** This process was active a moment ago and its lease is still young: it may go on as that epoch's owner. */
  | { readonly kind: 'resume'; readonly epoch: number }
  | { readonly kind: 'settings'; readonly settings: CoreSettings }
  /** Outcomes of effects. */
  | { readonly kind: 'raised'; readonly ok: boolean; readonly reason: string }
  | { readonly kind: 'released'; readonly ok: boolean; readonly reason: string }
  | { readonly kind: 'epoch-stored'; readonly epoch: number; readonly ok: boolean }
  | { readonly kind: 'fenced'; readonly ok: boolean; readonly reason: string }
  | { readonly kind: 'vips-probed'; readonly holder?: string }
  /** Somebody else on the wire says that a VIP is his. */
  | { readonly kind: 'claimant'; readonly vip: string; readonly mac: string };

export type Effect =
  /** On every link, in order with the effects around it. */
  | { readonly kind: 'send'; readonly beat: Beat }
  /** The VIPs may be answered for until deadtime from then. Comes after the `send` that told the peer so, and before `raise`. */
  | { readonly kind: 'renew-lease'; readonly from_ms: number }
  /** VIPs up and announced from the beginning of the timetable. Answered by `raised`. */
  | { readonly kind: 'raise'; readonly epoch: number }
  /** VIPs down, announcements ended, the lease let go. Answered by `released`. */
  | { readonly kind: 'release' }
  | { readonly kind: 'announce'; readonly because: string }
  /** Keep on disk that epochs up to this one may have been claimed here. Answered by `epoch-stored`. */
  | { readonly kind: 'store-epoch'; readonly epoch: number }
  | { readonly kind: 'fence' }
  | { readonly kind: 'probe-vips' }
  | {
      readonly kind: 'record';
      /** Stable name: `takeover`, `yielded`, `peer-silent`, … */
      readonly event: string;
      /** One sentence for people. */
      readonly reason: string;
      readonly evidence: Readonly<Record<string, string | number | boolean>>;
    }
  | {
      readonly kind: 'order-result';
      readonly id: number;
      readonly ok: boolean;
      /** Of a refusal: stable. */
      readonly code?: string;
      readonly reason: string;
    };
