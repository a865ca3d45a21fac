// One path between the directors, whatever it is made of. Guarantees: sending neither throws nor waits; what stands in
// the way is told as state and counted; a link mends itself when what it needs is there again; it may give frames that
// are cut, foreign or forged: who they are from is the guard's to judge.

export interface LinkEvents {
  /** `bytes` are the caller's to keep. `from`: an address, or the device. */
  onFrame(bytes: Uint8Array, from: string): void;
  /** At each change after the opening, and never during it. */
  onState(up: boolean, reason: string): void;
}

export interface LinkCounters {
  /** Frames that were handed over to the kernel. */
  readonly sent: number;
  /** Frames that were not, or not whole. */
  readonly unsent: number;
  /** What came in and was no whole frame, where the link itself can tell. */
  readonly garbled: number;
}

export interface Link extends Disposable {
  readonly name: string;
  readonly kind: 'udp' | 'serial';
  send(frame: Uint8Array): void;
  isUp(): boolean;
  /** One sentence for people: why it is up or down. */
  detail(): string;
  counters(): LinkCounters;
}
