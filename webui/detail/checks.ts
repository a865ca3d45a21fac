// Checks in words and marks: the same on the page of all monitors and on that of one server.
import type { CheckStatus, ProbeRecord } from '../../director/control/monitor-schema.ts';
import { type Cell, still } from '../cells/cell.ts';
import { healthMark } from '../cells/marks.ts';
import { milliseconds, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { serverAddress } from './asked.ts';

export type Check = Readonly<CheckStatus>;

const SERVERS_SHOWN = 3;

const RESULTS = {
  ok: { shape: '▲', tone: 'good' },
  slow: { shape: '◆', tone: 'warn' },
  fail: { shape: '▼', tone: 'bad' },
} as const;

export function resultMark({ result, latency_ms, detail }: ProbeRecord): Cell {
  const { shape, tone } = RESULTS[result];
  return { text: `${shape} ${result} ${milliseconds(latency_ms)}`, tone, title: detail };
}

export function checkHealth({ health, reason }: Check): Cell {
  return healthMark(health, reason);
}

/** `failing 1 of 3`, `passing 1 of 2`; nothing while all probes agree. */
export function againstText({ health, against, rise, fall }: Check): string {
  if (against === 0) return '';
  return health === 'down' ? `passing ${against} of ${rise}` : `failing ${against} of ${fall}`;
}

/** `every 2 s, timeout 1 s, fall 3, rise 2`. */
export function scheduleText({ interval_ms, timeout_ms, rise, fall }: Check): string {
  return `every ${span(interval_ms)}, timeout ${span(timeout_ms)}, fall ${fall}, rise ${rise}`;
}

function span(value_ms: number): string {
  return value_ms < 1_000 ? `${value_ms} ms` : `${value_ms / 1_000} s`;
}

export function serverLinks(servers: readonly string[]): Html {
  const more = servers.length - SERVERS_SHOWN;
  return html`${servers.slice(0, SERVERS_SHOWN).map((name, index) => {
    const [service = '', server = ''] = name.split('/');
    return html`${index === 0 ? '' : ', '}<a href="${serverAddress(service, server)}">${name}</a>`;
  })}${more > 0 ? html` <small title="${servers.slice(SERVERS_SHOWN, 50).join(', ')}">and ${more} more</small>` : NOTHING}`;
}

const GRADES = { down: 0, unknown: 1, up: 4 } as const;

/** The lower, the more somebody should look at it. */
export function gradeOf({ health, against, last }: Check): number {
  if (health !== 'up') return GRADES[health];
  if (against > 0 || last?.result === 'fail') return 2;
  return last?.result === 'slow' ? 3 : GRADES.up;
}

export function isTrouble(check: Check): boolean {
  return gradeOf(check) < GRADES.up;
}

/** What came of probing now: each check with its outcome, or that it is still under way. */
export function outcomePanel(checks: readonly Check[], probed: number, now: number): Html {
  const isThere = ({ last }: Check): boolean => last !== undefined && last.at >= probed;
  const waiting = checks.filter((check) => !isThere(check));
  const patience_ms = 2 * Math.max(0, ...checks.map(({ timeout_ms }) => timeout_ms)) + PATIENCE_MS;
  const late = now - probed > patience_ms;
  const failed = checks.filter((check) => isThere(check) && check.last?.result === 'fail').length;
  const tone = failed > 0 ? 'bad' : waiting.length > 0 ? 'warn' : 'good';
  const answered = checks.length - waiting.length;
  const quiet =
    checks.length > LISTED_MAX ? checks.filter((check) => isThere(check) && check.last?.result === 'ok') : [];
  const listed = checks
    .filter((check) => !quiet.includes(check))
    .sort((one, other) => gradeOf(one) - gradeOf(other));
  const words = [`${answered} of ${checks.length} answered`, failed > 0 ? `${failed} failed` : 'none failed'];
  return html`<div class="banner ${tone}"><strong>Probed ${time(probed, now)}: ${words.join(', ')}.</strong>${waiting.length > 0 && !late ? html` <a href="">Look again</a>` : NOTHING}
<ul class="outcomes">${listed
    .slice(0, OUTCOMES_MAX)
    .map(
      (check) =>
        html`<li>${serverLinks(check.servers)} <span class="quiet">${check.what}</span> ${
          isThere(check) && check.last !== undefined
            ? html`${still(resultMark(check.last))} <small>${check.last.detail}</small>`
            : html`<span class="quiet">${late ? '? no outcome in time' : '… under way'}</span>`
        }</li>`,
    )}${quiet.length === 0 ? NOTHING : html`<li>${still({ text: `▲ ${quiet.length} ok`, tone: 'good' })}</li>`}</ul>${listed.length > OUTCOMES_MAX ? html`<p>The others are in the table.</p>` : NOTHING}</div>`;
}

const PATIENCE_MS = 5_000;
/** Beyond that, those that are well are only counted. */
const LISTED_MAX = 5;
const OUTCOMES_MAX = 50;

/** How soon a page that waits for outcomes looks again. */
export function refreshOf(checks: readonly Check[], probed: number | undefined, now: number): number {
  const waits =
    probed !== undefined &&
    checks.some(({ last }) => last === undefined || last.at < probed) &&
    now - probed < 60_000;
  return waits ? 1_000 : 5_000;
}

/** When probing was asked for, as the address says it. */
export function probedOf(text: string | undefined): number | undefined {
  return /^[1-9]\d{0,14}$/.test(text ?? '') ? Number(text) : undefined;
}
