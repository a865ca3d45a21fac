// The latest probes of a check, side by side, newest at the right: height is latency, and a failed one is as high as can be,
// with a notch that tells it apart without its colour.
import type { ProbeHistory, ProbeRecord } from '../../director/control/monitor-schema.ts';
import { still } from '../cells/cell.ts';
import { absolute, counted, milliseconds, time } from '../html/format.ts';
import { type Html, html } from '../html/html.ts';
import { resultMark } from './checks.ts';

type Check = ProbeHistory['checks'][number];

const PLACES = 120;
const STEP = 8;
const HEIGHT = 40;
const TABLE_ROWS = 20;

export function probeStrip(check: Pick<Check, 'recent' | 'what'>, now: number): Html {
  const recent = check.recent.slice(-PLACES);
  const words = summaryOf(recent);
  if (recent.length === 0) return html`<p class="quiet">${words}</p>`;
  const highest_ms = Math.max(1, ...recent.map(({ latency_ms }) => finite(latency_ms)));
  const first = PLACES - recent.length;
  return html`<svg class="probes" viewBox="0 0 ${PLACES * STEP} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${check.what}: ${words}">${recent.map(
    (record, index) => tick(record, (first + index) * STEP, highest_ms),
  )}</svg>
<p class="quiet probes-words">${words}. Highest ${milliseconds(highest_ms)}${span(recent, now)}</p>`;
}

function tick(record: ProbeRecord, x: number, highest_ms: number): Html {
  const { at, result, latency_ms, detail } = record;
  const height =
    result === 'fail' ? HEIGHT : Math.max(4, Math.round((finite(latency_ms) / highest_ms) * (HEIGHT - 6)));
  const title = html`<title>${absolute(at)}: ${result} after ${milliseconds(finite(latency_ms))}${detail === undefined ? '' : `, ${detail}`}</title>`;
  const shape =
    result === 'fail'
      ? html`<path d="M${x} 0h${STEP - 2}v12h-${STEP - 2}zM${x} 17h${STEP - 2}v${HEIGHT - 17}h-${STEP - 2}z"/>`
      : html`<rect x="${x}" y="${HEIGHT - height}" width="${STEP - 2}" height="${height}"/>`;
  return html`<g class="${result}">${title}<rect class="hover" x="${x}" y="0" width="${STEP}" height="${HEIGHT}"/>${shape}</g>`;
}

function span(recent: readonly ProbeRecord[], now: number): Html {
  const first = recent[0];
  return first === undefined ? html`` : html`; the first of them ${time(first.at, now)}.`;
}

/** `120 probes: 117 ok, 1 slow, 2 failed`. */
function summaryOf(recent: readonly ProbeRecord[]): string {
  if (recent.length === 0) return 'No probe has been made yet';
  const count = (result: ProbeRecord['result']): number =>
    recent.filter((each) => each.result === result).length;
  const [ok, slow, fail] = [count('ok'), count('slow'), count('fail')];
  const parts = [`${ok} ok`, ...(slow > 0 ? [`${slow} slow`] : []), ...(fail > 0 ? [`${fail} failed`] : [])];
  return `${counted(recent.length, 'probe')}: ${parts.join(', ')}`;
}

export function probeTable(recent: readonly ProbeRecord[], now: number): Html {
  const rows = recent.slice(-TABLE_ROWS).toReversed();
  return html`<div class="table"><table class="cards"><thead><tr><th>When (UTC)</th><th>Result</th><th>Why</th></tr></thead><tbody>${rows.map(
    (record) =>
      html`<tr><td data-label="When"><span class="mono">${absolute(record.at).slice(5, 19)}</span> <small>${time(record.at, now)}</small></td><td data-label="Result">${still(resultMark(record))}</td><td class="wide" data-label="Why">${record.detail ?? ''}</td></tr>`,
  )}</tbody></table></div>`;
}

function finite(value: number): number {
  return Number.isFinite(value) ? Math.max(0, value) : 0;
}
