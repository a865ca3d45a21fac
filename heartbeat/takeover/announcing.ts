// The announcements of what is held: the series by the timetable, what came of it, and arping in the place of packet
// sockets that this process is refused. Guarantees: one series at a time; what fails is recorded once.
import type { Clock } from '../../director/model/clock.ts';
import type { Rtnetlink } from '../../director/native/rtnetlink.ts';
import { type AnnounceReport, Announcer, startAnnouncing } from './announce.ts';
import { arpingAnnounce } from './arping.ts';
import type { Notices } from './notices.ts';
import { nameOf, type Vip } from './vip.ts';

const REFUSED: ReadonlySet<string> = new Set(['errno-EPERM', 'errno-EACCES']);

export class Announcing implements Disposable {
  readonly announcer: Announcer;
  readonly #clock: Clock;
  readonly #notices: Notices;
  #series: Disposable | undefined;
  #sent = 0;

  /** The connection to rtnetlink stays the caller's. */
  constructor(rtnetlink: Rtnetlink, clock: Clock, notices: Notices) {
    this.announcer = new Announcer(rtnetlink);
    this.#clock = clock;
    this.#notices = notices;
  }

  /** Frames so far. */
  get sent(): number {
    return this.#sent;
  }

  /** From the beginning of the timetable, these and no others. */
  restart(vips: readonly Vip[]): void {
    this.stop();
    if (vips.length === 0) return;
    this.#series = startAnnouncing({
      announcer: this.announcer,
      vips,
      clock: this.#clock,
      onReport: (report) => this.#reported(report, vips),
    });
  }

  /** Once, to everybody; a series is to follow. */
  broadcast(vips: readonly Vip[]): void {
    const announcement = this.announcer.begin(vips);
    announcement.broadcast();
    this.#sent += announcement.report.sent;
  }

  stop(): void {
    this.#series?.[Symbol.dispose]();
    this.#series = undefined;
  }

  [Symbol.dispose](): void {
    this.stop();
    this.announcer[Symbol.dispose]();
  }

  #reported(report: AnnounceReport, vips: readonly Vip[]): void {
    this.#sent += report.sent;
    const failures = new Map(report.failures.map((failure) => [failure.address, failure]));
    for (const vip of vips) {
      const failure = failures.get(vip.address);
      if (failure === undefined) {
        this.#notices.over('announce-failed', vip.address);
        continue;
      }
      this.#notices.once('announce-failed', vip.address, failure.reason);
      if (REFUSED.has(failure.code)) void this.#announceByProgram(vip);
    }
  }

  async #announceByProgram(vip: Vip): Promise<void> {
    const forms = ['request', 'reply'] as const;
    for (const { ok, reason } of await Promise.all(forms.map((form) => arpingAnnounce(vip, form))))
      if (ok) this.#sent++;
      else this.#notices.once('arping-failed', nameOf(vip), reason);
  }
}
