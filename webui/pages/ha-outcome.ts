// What a switchover came to: the phases on one time line, from the order on.
import type { SwitchoverReply } from '../../director/control/ha-schema.ts';
import type { Status } from '../../director/control/schema.ts';
import { absolute, milliseconds, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { rolesNow } from './ha-roles.ts';

export interface KeptOutcome {
  readonly reply: SwitchoverReply;
  readonly who: string;
  readonly at: number;
}

export interface Phase {
  readonly name: string;
  readonly from_ms: number;
  readonly to_ms: number;
}

const PHASES_MAX = 20;
const BAR_WIDTH = 1_000;

/** Flushing comes first; what the heartbeat does is told from its own order on, each phase by its end. */
export function phasesOf(phases_ms: Readonly<Record<string, number>>): Phase[] {
  const { flush, ...rest } = phases_ms;
  const begin = flush ?? 0;
  const phases: Phase[] = flush === undefined ? [] : [{ name: 'flush', from_ms: 0, to_ms: flush }];
  let from_ms = begin;
  for (const [name, value] of Object.entries(rest)
    .sort(([, one], [, other]) => one - other)
    .slice(0, PHASES_MAX)) {
    phases.push({ name, from_ms, to_ms: begin + value });
    from_ms = begin + value;
  }
  return phases;
}

const SENTENCES: Readonly<Record<string, string>> = {
  flush: 'every connection acknowledged by the peer',
  released: 'the virtual IPs are down here',
  'claim seen': 'a beat of the peer says that it is active',
};

export function phaseBars(phases_ms: Readonly<Record<string, number>>): Html {
  const phases = phasesOf(phases_ms);
  const total = Math.max(...phases.map(({ to_ms }) => to_ms), 0.001);
  if (phases.length === 0) return html`<p class="quiet">No phases were told.</p>`;
  const at = (value_ms: number): string => ((value_ms / total) * BAR_WIDTH).toFixed(1);
  return html`<ol class="phases">${phases.map(
    ({
      name,
      from_ms,
      to_ms,
    }) => html`<li><span>${name}${SENTENCES[name] === undefined ? NOTHING : html` <small>${SENTENCES[name]}</small>`}</span>
<svg viewBox="0 0 ${BAR_WIDTH} 10" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" width="${BAR_WIDTH}" height="10"/><rect class="bar" x="${at(from_ms)}" width="${at(Math.max(to_ms - from_ms, total / 200))}" height="10"/></svg>
<span class="n">${milliseconds(to_ms - from_ms)}, at ${milliseconds(to_ms)}</span></li>`,
  )}</ol>`;
}

export function outcomeBody({ reply, who, at }: KeptOutcome, status: Status | undefined, now: number): Html {
  const skipped = reply.checks.filter(({ ok }) => !ok).map(({ name }) => name);
  return html`<p class="banner good" role="status"><strong>${reply.to} is active.</strong> ${reply.reason}</p>
<p>Ordered by ${who}, ${time(at, now)} (${absolute(at)}): from ${reply.from} to ${reply.to}.${skipped.length === 0 ? NOTHING : html` In spite of: ${skipped.join(', ')}.`}</p>
${status === undefined ? NOTHING : rolesNow(status)}
<h2>How long each part took</h2>
${phaseBars(reply.phases_ms)}
<p><a href="/ha">High availability</a> · <a href="/events?group=pair">Events of the pair</a></p>`;
}
