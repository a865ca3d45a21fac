// How configurations look: the text in force window by window, what a revision is, and a short reference of keys.
import type { CheckReply, Revision, Status } from '../../director/control/schema.ts';
import { type Cell, still } from '../cells/cell.ts';
import { absolute, counted, size, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { linesOf } from '../text/line-edits.ts';
import { type LineMark, spansAround, textView } from '../text/text-view.ts';

/** Lines on one page. */
const WINDOW_LINES = 1_000;
const CONTEXT_LINES = 4;
const PROBLEMS_MAX = 100;

export function revisionFacts(
  revision: Revision,
  text: string | undefined,
  now: number,
  more: Html = NOTHING,
): Html {
  const { number, at, author, comment, hash } = revision;
  return html`<dl class="facts"><dt>Revision</dt><dd><strong>${number}</strong></dd>
<dt>Applied</dt><dd>${time(at, now)} <span class="quiet">${absolute(at)}</span></dd>
<dt>By</dt><dd>${author}</dd>
<dt>Comment</dt><dd class="value">${comment === '' ? html`<span class="quiet">none</span>` : comment}</dd>
${text === undefined ? NOTHING : html`<dt>Text</dt><dd>${counted(linesOf(text).length, 'line')}, ${size(Buffer.byteLength(text))}</dd>`}
<dt>Hash</dt><dd class="mono hash">${hash}</dd>${more}</dl>`;
}

/** Whether the other director has it too. */
export function peerCell({ ha, revision }: Pick<Status, 'ha' | 'revision'>): Cell {
  const peer = ha?.peer;
  if (ha === undefined || !ha.pair || peer === undefined) return { text: 'there is no peer', tone: 'quiet' };
  if (!peer.heard || peer.revision === undefined)
    return { text: `? ${peer.name} is not heard, nobody knows`, tone: 'warn' };
  return peer.revision === revision.number
    ? { text: `▲ ${peer.name} has it too`, tone: 'good' }
    : { text: `◆ ${peer.name} has revision ${peer.revision}`, tone: 'warn' };
}

export function peerFact(status: Status | undefined): Html {
  return status === undefined ? NOTHING : html`<dt>Peer</dt><dd>${still(peerCell(status))}</dd>`;
}

/** `line`: the first one to show. */
export function windowView(text: string, line: number, label: string, address: string): Html {
  const lines = linesOf(text);
  const from = Math.min(Math.max(1, line), Math.max(1, lines.length));
  const to = Math.min(lines.length, from + WINDOW_LINES - 1);
  const pager =
    lines.length <= WINDOW_LINES
      ? NOTHING
      : html`<p class="pager"><span>Lines ${from} to ${to} of ${lines.length}</span>${from > 1 ? html`<a rel="prev" href="${address}?line=${Math.max(1, from - WINDOW_LINES)}">Before</a>` : NOTHING}${to < lines.length ? html`<a rel="next" href="${address}?line=${to + 1}">After</a>` : NOTHING}</p>`;
  return html`${pager}${textView({ lines, spans: [[from, to]], label })}${pager}`;
}

export function lineOf(given: string | undefined): number {
  return /^[1-9]\d{0,8}$/.test(given ?? '') ? Number(given) : 1;
}

type Place = CheckReply['problems'][number];

/** Every problem with its place and its remedy, and the text with the bad lines marked. */
export function problemsView(text: string, problems: readonly Place[], ok: boolean): Html {
  const lines = linesOf(text);
  const shown = problems.slice(0, PROBLEMS_MAX);
  const tone = ok ? 'warn' : 'bad';
  const marks = shown.flatMap(({ line, message }): LineMark[] =>
    line === undefined ? [] : [{ line: Math.min(line, Math.max(1, lines.length)), tone, note: message }],
  );
  const spans: [number, number][] =
    lines.length <= WINDOW_LINES
      ? [[1, lines.length]]
      : spansAround(
          lines.length,
          marks.map(({ line }) => line),
          CONTEXT_LINES,
        );
  return html`<ol class="places">${shown.map(
    ({ line, column, message, remedy }) =>
      html`<li><span class="tone ${tone}">${ok ? '◆' : '▼'}</span> ${line === undefined ? NOTHING : html`<a href="#L${Math.min(line, lines.length)}" data-line="${line}" data-column="${column ?? 1}">line ${line}${column === undefined ? '' : `, column ${column}`}</a> `}<span>${message}</span>${remedy === undefined ? NOTHING : html` <span class="remedy quiet">${remedy}</span>`}</li>`,
  )}</ol>
${problems.length > shown.length ? html`<p class="quiet">${counted(problems.length - shown.length, 'more problem')} not shown: put these right first.</p>` : NOTHING}
${marks.length === 0 ? NOTHING : html`<h2>Where</h2>${textView({ lines, spans, marks, label: 'The text with what is wrong' })}`}`;
}

/** What the file may say at its top, for those who have no documentation at hand. */
export const TOP_KEYS: readonly (readonly [key: string, what: string, example: string])[] = [
  ['cluster', 'name of the pair', 'web'],
  ['directors', 'one director or two, by name', '{ lb1: { address: 10.0.0.11, priority: 200 } }'],
  [
    'heartbeat',
    'how the pair watches each other; needed for two',
    '{ deadtime: 400ms, links: [{ udp: eth1 }] }',
  ],
  [
    'virtual_ips',
    'addresses that the active director holds',
    '[{ address: 10.0.0.100/24, interface: eth0 }]',
  ],
  ['engine', 'what moves the packets', '{ kind: ebpf, interfaces: [eth0] }'],
  ['sync', 'how the pair tells each other connections', '{ link: eth1 }'],
  ['services', 'virtual services by name', '{ www: { listen: tcp://10.0.0.100:80, servers: … } }'],
  ['console', 'the web console', '{ listen: 127.0.0.1:8443 }'],
  ['history', 'how much room the past may take', '{ size: 256MiB }'],
  [
    'notifications',
    'who is told what happens',
    '[{ email: [ops@example.net], smtp: smtp://mail:587, from: … }]',
  ],
  ['schedule', 'what happens by itself, and when', '{ nightly: { backup: { at: "15 3 * * *", keep: 14 } } }'],
];

const SERVICE_KEYS =
  'listen, scheduler (rr, wrr, lc, wlc), method (nat, route, tunnel, local), persistence, monitor, down, removal, slow_start, servers, sorry';

export function keyReference(): Html {
  return html`<details><summary>Keys at the top of the file</summary><div class="table"><table class="cards keys"><thead><tr><th>Key</th><th>What</th><th>For example</th></tr></thead><tbody>${TOP_KEYS.map(([key, what, example]) => html`<tr><th><code>${key}</code></th><td class="wide" data-label="What">${what}</td><td class="wide" data-label="For example"><code>${example}</code></td></tr>`)}</tbody></table></div>
<p class="fine">A service: <code>${SERVICE_KEYS}</code>. Durations have a unit (<code>500ms</code>, <code>6m</code>), addresses of IPv6 go in quotes within <code>{ }</code>. At most 4 MiB. Everything else: docs/configuration.md, and docs/example.yaml as a file to begin with.</p></details>`;
}
