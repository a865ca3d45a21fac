// Charts that can be looked into: takes over those that the page came with, asks for as many points as fit, and follows
// while the span ends now. Dragging looks closer (at a finer level, where it is kept), a double click goes back; the links
// above do the same for the keyboard.
import uPlot from 'uplot';
import { ceilingOf, type DrawnLine, linesOf, type Plot, type Sampled } from './plot.ts';
import { axisTime, type Span, tidySpan, type Way, waysFrom } from './span.ts';
import { withUnit } from './units.ts';

interface Answer extends Span {
  readonly range?: string;
  readonly now: number;
  readonly series: Sampled;
}

type Wanted = { readonly range: string } | Span;

const HEIGHT_PX = 190;
const FOLLOW_MS = 5_000;
const FOLLOW_SLOWLY_MS = 60_000;
const SELECTED_MIN_PX = 5;
const DASHES: readonly (number[] | undefined)[] = [undefined, [7, 4]];
const LEVELS: Readonly<Record<string, string>> = {
  '1s': 'seconds',
  '1m': 'means of minutes',
  '1h': 'means of hours',
};

const section = document.getElementById('charts');
const spanNote = document.getElementById('charts-span');
const figures = [...(section?.querySelectorAll<HTMLElement>('.plot') ?? [])];
let shown: Wanted = wantedFirst();
/** Where a double click leads. */
let home: Wanted = shown;
let answer: Answer | undefined;
let asking: AbortController | undefined;
const charts: uPlot[] = [];
const drawnLines: (readonly string[])[] = [];
let askedAt = 0;
/** The last answer was none: it is asked for again, whichever span it is. */
let failed = false;

function wantedFirst(): Wanted {
  const { range, from, to } = section?.dataset ?? {};
  return range === undefined || range === '' ? { from: Number(from), to: Number(to) } : { range };
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function queryOf(wanted: Wanted): string {
  return 'range' in wanted
    ? `range=${encodeURIComponent(wanted.range)}`
    : `from=${wanted.from}&to=${wanted.to}`;
}

async function load(wanted: Wanted): Promise<void> {
  if (section === null) return;
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  shown = wanted;
  askedAt = Date.now();
  section.setAttribute('aria-busy', 'true');
  try {
    const points = Math.max(100, Math.round(widthOf(figures[0])));
    const response = await fetch(`${section.dataset.source}?${queryOf(wanted)}&points=${points}`, {
      signal: mine.signal,
      headers: { accept: 'application/json' },
    });
    if (!response.ok || !(response.headers.get('content-type') ?? '').includes('json'))
      throw new Error('no series');
    show((await response.json()) as Answer);
    failed = false;
  } catch {
    if (!mine.signal.aborted) {
      failed = true;
      note('The history cannot be read just now; it is tried again.');
    }
  } finally {
    if (asking === mine) {
      asking = undefined;
      section.removeAttribute('aria-busy');
    }
  }
}

function note(text: string): void {
  if (spanNote !== null && spanNote.textContent !== text) spanNote.textContent = text;
}

function show(fresh: Answer): void {
  answer = fresh;
  const { from, to, series } = fresh;
  const text = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ');
  const level = series.times.length === 0 ? '' : `, ${LEVELS[series.level] ?? series.level}`;
  note(`${text(from)} to ${text(to)} UTC${level}`);
  for (const [index, figure] of figures.entries()) draw(index, figure, fresh);
  showWays(fresh);
  section?.setAttribute('data-level', series.level);
  section?.setAttribute('data-shown', `${from}-${to}`);
}

/** The links lead on from what is shown, also for those who open them in another tab. */
function showWays(fresh: Answer): void {
  const ways = waysFrom(fresh, fresh.now);
  for (const link of section?.querySelectorAll<HTMLAnchorElement>('a[data-way]') ?? [])
    link.href = `?${queryOf(ways[link.dataset.way as Way])}#charts`;
  for (const link of section?.querySelectorAll<HTMLAnchorElement>('a[data-range]') ?? [])
    if (link.dataset.range === fresh.range) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
}

function widthOf(figure: HTMLElement | undefined): number {
  return Math.max(200, figure?.querySelector('.plot-area')?.clientWidth ?? 600);
}

function draw(index: number, figure: HTMLElement, { series }: Answer): void {
  const plot = JSON.parse(figure.dataset.plot ?? '{}') as Plot;
  const area = figure.querySelector<HTMLElement>('.plot-area');
  if (area === null) return;
  const lines = linesOf(plot, series);
  const data: uPlot.AlignedData = [
    series.times.map((at) => at / 1_000),
    ...lines.map(({ values }) => [...values]),
  ];
  const labels = lines.map(({ label }) => label);
  const chart = charts[index];
  if (chart !== undefined && drawnLines[index]?.join() === labels.join()) {
    chart.setData(data);
    return;
  }
  chart?.destroy();
  area.replaceChildren();
  figure.classList.add('is-drawn');
  charts[index] = new uPlot(optionsOf(plot, lines, widthOf(figure)), data, area);
  drawnLines[index] = labels;
}

function optionsOf(plot: Plot, lines: readonly DrawnLine[], width: number): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => colour('--quiet'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { stroke: () => colour('--line'), width: 1, size: 4 },
  };
  /** Of where the pointer is; where it is nowhere, the newest. */
  const value = (chart: uPlot, raw: number | null, line: number, at: number | null): string => {
    const told = at === null ? newest(chart.data[line]) : raw;
    return typeof told === 'number' ? withUnit(told, plot.unit) : '–';
  };
  return {
    width,
    height: HEIGHT_PX,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1_000), 'Etc/UTC'),
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      sync: {
        key: 'charts',
        filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave', sub: () => true },
      },
      bind: {
        dblclick: () => () => {
          void go(home);
          return null;
        },
      },
    },
    scales: {
      x: { time: true, range: () => [(answer?.from ?? 0) / 1_000, (answer?.to ?? 1) / 1_000] },
      y: { range: (_, _min, max) => [0, ceilingOf(max ?? 0)] },
    },
    axes: [
      {
        ...axis,
        size: 32,
        space: 70,
        values: (_, splits, _axis, _space, step) => splits.map((at) => axisTime(at * 1_000, step * 1_000)),
      },
      { ...axis, size: 74, space: 36, values: (_, splits) => splits.map((at) => withUnit(at, plot.unit)) },
    ],
    series: [
      {
        label: 'UTC',
        value: (_, at) =>
          typeof at === 'number'
            ? new Date(at * 1_000).toISOString().slice(5, 19).replace('T', ' ')
            : 'newest',
      },
      ...lines.map(({ label }, index) => {
        const dash = DASHES[index];
        return {
          label,
          value,
          width: 1.5,
          stroke: () => colour(index === 0 ? '--strong' : '--second'),
          ...(dash === undefined ? {} : { dash }),
          spanGaps: false,
        };
      }),
    ],
    legend: {
      markers: { width: 2, fill: 'transparent', dash: (_, line) => (line === 2 ? 'dashed' : 'solid') },
    },
    hooks: { setSelect: [select] },
  };
}

function newest(values: ArrayLike<number | null | undefined> | undefined): number | undefined {
  for (let index = (values?.length ?? 0) - 1; index >= 0; index--) {
    const value = values?.[index];
    if (typeof value === 'number') return value;
  }
  return undefined;
}

function select(chart: uPlot): void {
  const { left, width } = chart.select;
  if (width < SELECTED_MIN_PX) return;
  const at = (px: number): number => chart.posToVal(px, 'x') * 1_000;
  const span = tidySpan(at(left), at(left + width));
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  void go(span);
}

/** The address follows, so that what is seen can be sent to somebody. */
async function go(wanted: Wanted): Promise<void> {
  if ('range' in wanted) home = wanted;
  const address = new URL(location.href);
  for (const name of ['range', 'from', 'to']) address.searchParams.delete(name);
  for (const [name, text] of new URLSearchParams(queryOf(wanted))) address.searchParams.set(name, text);
  history.replaceState(null, '', address);
  await load(wanted);
}

section?.addEventListener('click', (event) => {
  const link =
    event.target instanceof Element
      ? event.target.closest<HTMLAnchorElement>('a[data-range], a[data-way]')
      : null;
  if (link === null || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  const { range, way } = link.dataset;
  if (range !== undefined) void go({ range });
  else if (answer !== undefined) void go(waysFrom(answer, answer.now)[way as Way]);
});

function follow(): void {
  if (document.hidden || asking !== undefined || !(failed || 'range' in shown)) return;
  const every_ms = failed || ('range' in shown && shown.range === '1h') ? FOLLOW_MS : FOLLOW_SLOWLY_MS;
  if (Date.now() - askedAt >= every_ms) void load(shown);
}

function resize(): void {
  for (const [index, chart] of charts.entries())
    chart.setSize({ width: widthOf(figures[index]), height: HEIGHT_PX });
}

if (section !== null) {
  const hint = document.getElementById('charts-hint');
  if (hint !== null) hint.hidden = false;
  if (!('range' in home)) home = { range: '1h' };
  addEventListener('resize', resize);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const chart of charts) chart.redraw();
  });
  setInterval(follow, 1_000);
  void load(shown);
}
