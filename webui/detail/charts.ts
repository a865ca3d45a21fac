// Charts as they are without scripts: each an inline SVG with its highest and lowest value beside it, and links to other
// spans of time. public/chart.ts takes over what is drawn here, and asks for the same data again.
import type { Series } from '../../director/control/history-schema.ts';
import { absolute } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { ceilingOf, type DrawnLine, extremesOf, linesOf, type Plot, type Values } from '../public/plot.ts';
import { axisTime, RANGES, type Span, type Way, waysFrom } from '../public/span.ts';
import { withUnit } from '../public/units.ts';
import { type AskedSpan, spanAddress } from './span.ts';

const WIDTH = 1_000;
const HEIGHT = 200;
/** Browsers draw no more than that in one line with any grace. */
const DRAWN_MAX = 2_000;
/** What a chart without scripts is asked for. */
export const STILL_POINTS = 300;

const WAYS: readonly (readonly [Way, string, string])[] = [
  ['earlier', '‹ Earlier', 'Half a span earlier'],
  ['later', 'Later ›', 'Half a span later'],
  ['closer', 'Closer', 'Half the span'],
  ['wider', 'Wider', 'Twice the span'],
];

export interface ChartsShown {
  /** Where the series is to be had, on this console. */
  readonly source: string;
  readonly plots: readonly Plot[];
  readonly asked: AskedSpan;
  /** Undefined: it cannot be read just now. */
  readonly series: Series | undefined;
  readonly now: number;
}

export function chartsBody({ source, plots, asked, series, now }: ChartsShown): Html {
  const ways = waysFrom(asked, now);
  return html`<section class="charts" id="charts" data-source="${source}" data-from="${asked.from}" data-to="${asked.to}" data-range="${asked.range}">
<div class="row"><h2>Over time</h2>
<nav class="spans" aria-label="Span of the charts">${RANGES.map(({ name, title }) => html`<a class="button small" href="${spanAddress({ ...asked, range: name })}#charts" data-range="${name}"${name === asked.range ? html` aria-current="true"` : NOTHING}>${title}</a> `)}
${WAYS.map(([way, word, title]) => html`<a class="button small" href="${spanAddress(ways[way])}#charts" data-way="${way}" title="${title}">${word}</a> `)}</nav></div>
<p class="quiet charts-state" role="status"><span id="charts-span">${spanText(asked, series)}</span> <span id="charts-hint" hidden>· Drag over a chart to look closer; a double click goes back.</span></p>
<div class="plots">${plots.map((plot) => drawPlot(plot, asked, series))}</div>
</section>`;
}

const LEVELS = { '1s': 'seconds', '1m': 'means of minutes', '1h': 'means of hours' } as const;

function spanText({ from, to }: Span, series: Series | undefined): string {
  const what = series === undefined || series.times.length === 0 ? '' : `, ${LEVELS[series.level]}`;
  return `${absolute(from).slice(0, 19)} to ${absolute(to)}${what}`;
}

export function drawPlot(plot: Plot, span: Span, series: Series | undefined): Html {
  const lines = series === undefined ? [] : linesOf(plot, series);
  const extremes = extremesOf(lines);
  return html`<figure class="plot" data-plot="${JSON.stringify(plot)}">
<figcaption><strong>${plot.title}</strong> <span class="legend">${lines.map(({ label }, index) => html`<span class="key line-${index}">${label}</span> `)}</span></figcaption>
<div class="plot-area">${
    extremes === undefined || series === undefined
      ? html`<p class="plot-none">${series === undefined ? 'The history cannot be read just now.' : 'Nothing was sampled in this time.'}</p>`
      : drawLines(plot, span, series.times, lines, extremes.high)
  }</div>
<p class="plot-times" aria-hidden="true">${timesBelow(span).map((text) => html`<span>${text}</span>`)}</p>
</figure>`;
}

function drawLines(
  { title, unit }: Plot,
  span: Span,
  times: readonly number[],
  lines: readonly DrawnLine[],
  high: number,
): Html {
  const ceiling = ceilingOf(high);
  const words = lines.map((line) => wordsOf(line, unit));
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}: ${words.join('; ')}">
${[0.25, 0.5, 0.75].map((part) => html`<path class="grid" d="M0 ${HEIGHT * part}H${WIDTH}"/>`)}
${lines.map(({ values }, index) => html`<path class="line line-${index}" d="${pathOf(span, times, values, ceiling)}"/>`)}
</svg><span class="plot-high">${withUnit(ceiling, unit)}</span><span class="plot-low">0</span>
<p class="plot-words quiet" aria-hidden="true">${words.join(' · ')}</p>`;
}

/** `in: 2 to 48/s, 12/s at the end`. */
function wordsOf(line: DrawnLine, unit: Plot['unit']): string {
  const extremes = extremesOf([line]);
  if (extremes === undefined) return `${line.label}: nothing sampled`;
  const last = line.values.findLast((value) => value !== null) ?? 0;
  return `${line.label}: ${withUnit(extremes.low, unit)} to ${withUnit(extremes.high, unit)}, last ${withUnit(last, unit)}`;
}

/** Gaps stay gaps; a value that stands alone is a dot. */
export function pathOf(span: Span, times: readonly number[], values: Values, ceiling: number): string {
  const length = Math.max(1, span.to - span.from);
  const every = Math.max(1, Math.ceil(times.length / DRAWN_MAX));
  let path = '';
  let drawing = false;
  let alone = false;
  for (let index = 0; index < times.length; index += every) {
    const value = values[index] ?? null;
    const at = times[index]!;
    if (value === null || at < span.from || at > span.to) {
      if (alone) path += 'h0';
      drawing = false;
      alone = false;
      continue;
    }
    const x = ((at - span.from) / length) * WIDTH;
    const y = HEIGHT - (Math.min(Math.max(value, 0), ceiling) / ceiling) * HEIGHT;
    path += `${drawing ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
    alone = !drawing;
    drawing = true;
  }
  return alone ? `${path}h0` : path;
}

function timesBelow({ from, to }: Span): string[] {
  const step_ms = (to - from) / 4;
  return [0, 1, 2, 3, 4].map((part) => axisTime(Math.round(from + part * step_ms), stepOf(to - from)));
}

const DAY_MS = 86_400_000;

function stepOf(length_ms: number): number {
  if (length_ms > 90 * DAY_MS) return 27 * DAY_MS;
  return length_ms > 2 * DAY_MS ? DAY_MS : length_ms > 600_000 ? 60_000 : 1_000;
}
