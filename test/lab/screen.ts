// What the lab's terminal shows, as text: pure, from what is known to lines of a given width. Redrawing in place and
// keys are terminal.ts's; here is only what stands where.
import type { ServiceView, View } from './view.ts';

export interface Style {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
  /** Block elements and box lines; otherwise plain ASCII. */
  readonly unicode: boolean;
}

const BAR_CELLS_MIN = 4;
const BAR_CELLS_MAX = 10;
/** What a row takes without its bars, and with the columns that only a wide terminal gets. */
const NARROW_COLUMNS = 70;
const WIDE_COLUMNS = 96;
const EVENTS_MIN = 3;

export function render(view: View, style: Style): string[] {
  const paint = painter(style.colour);
  const head = [
    paint.bold(`Fairlead lab  ${clock(view.elapsed_s)}${view.limit_s ? ` of ${clock(view.limit_s)}` : ''}`) +
      `   ${view.engine}`,
    topologyLine(view, style),
    '',
  ];
  const table = tableLines(view, style, paint);
  const foot = ['', ...pairLines(view, paint), serversLine(view, paint), ...hintLines(view, style)];
  const room = style.rows - head.length - table.length - foot.length - 2;
  const events = room >= EVENTS_MIN ? ['', ...view.events.slice(-room).map((event) => `  ${event}`)] : [];
  return [...head, ...table, ...events, ...foot]
    .slice(0, style.rows - 1)
    .map((line) => clip(line, style.columns));
}

/** One line a second where nothing can be redrawn. */
export function renderPlain(view: View): string {
  const rate = view.services.reduce((total, service) => total + service.rate, 0);
  const held = view.services.reduce((total, service) => total + service.held, 0);
  const shares = view.servers.map(
    (server) => `${server.name} ${percent(server.share)}${server.up ? '' : ' down'}`,
  );
  const pair = view.pair ? `  VIPs at ${view.pair.owners.join(' and ') || 'nobody'}` : '';
  return `${clock(view.elapsed_s)}  ${rate.toFixed(0)} connections/s  ${shares.join('  ')}  held ${held}  errors ${view.errors} (+${view.errorsExplained} during detection)${pair}`;
}

function topologyLine(view: View, style: Style): string {
  const line = style.unicode ? '──' : '--';
  const servers = view.servers.map((server) => server.name).join(' ');
  return `client 10.0.0.1 ${line} front 10.0.0.0/24 ${line} ${view.directors.join(' ')} ${line} inside 10.1.0.0/24 ${line} ${servers}`;
}

function tableLines(view: View, style: Style, paint: Painter): string[] {
  const names = view.servers.map((server) => server.name);
  const wide = style.columns >= WIDE_COLUMNS + names.length * BAR_CELLS_MIN;
  const room = style.columns - (wide ? WIDE_COLUMNS : NARROW_COLUMNS);
  const cells = Math.min(BAR_CELLS_MAX, Math.max(0, Math.floor(room / names.length)));
  const shareWidth = cells + 5;
  const head = [
    'service'.padEnd(12),
    'method'.padEnd(7),
    ...(wide ? ['address'.padEnd(19)] : []),
    'new/s'.padStart(6),
    ...names.map((name) => ` ${name.padEnd(shareWidth)}`),
    'active'.padStart(7),
    'closing'.padStart(8),
    'held'.padStart(5),
    'errors'.padStart(7),
    ...(wide ? ['p99 ms'.padStart(7)] : []),
  ];
  return [paint.dim(head.join('')), ...view.services.map((service) => row(service))];

  function row(service: ServiceView): string {
    return [
      service.name.padEnd(12),
      service.method.padEnd(7),
      ...(wide ? [service.address.padEnd(19)] : []),
      service.rate.toFixed(1).padStart(6),
      ...names.map((name) => ` ${shareCell(service, name, cells)}`),
      String(service.active).padStart(7),
      String(service.inactive).padStart(8),
      (service.heldWanted > 0 ? String(service.held) : '').padStart(5),
      service.errors > 0 ? paint.red(String(service.errors).padStart(7)) : '0'.padStart(7),
      ...(wide ? [(service.p99_ms?.toFixed(1) ?? '').padStart(7)] : []),
    ].join('');
  }

  function shareCell(service: ServiceView, server: string, width: number): string {
    const part = service.servers.find((one) => one.name === server);
    if (!part) return ' '.repeat(shareWidth);
    if (part.health === 'down') return paint.red('down'.padEnd(shareWidth));
    if (part.health === 'unknown') return paint.dim('not yet'.padEnd(shareWidth).slice(0, shareWidth));
    const full = Math.round(part.share * width);
    const bar = (style.unicode ? '█' : '#').repeat(full) + (style.unicode ? '░' : '.').repeat(width - full);
    return `${paint.green(bar)}${percent(part.share).padStart(5)}`;
  }
}

function pairLines({ pair }: View, paint: Painter): string[] {
  if (!pair) return [];
  const parts = pair.directors.map(({ name, role, links, links_up, sync }, index) => {
    const shown =
      role === 'gone' ? paint.red('gone') : role === 'active' ? paint.green('active') : paint.bold('standby');
    const rest = role === 'gone' ? '' : `, ${links_up}/${links} links, sync ${sync}`;
    return `[${index + 4}] ${name} ${shown}${rest}`;
  });
  const owners = pair.owners.join(' and ') || 'nobody';
  return [
    `Directors     ${parts.join('   ')}`,
    `On the wire   ${pair.owners.length === 1 ? paint.green(owners) : paint.red(owners)} ${pair.owners.length > 1 ? 'answer' : 'answers'} for the VIPs`,
  ];
}

function serversLine(view: View, paint: Painter): string {
  const parts = view.servers.map((server, index) => {
    const state = !server.running ? paint.red('killed') : server.up ? paint.green('up') : 'coming';
    return `[${index + 1}] ${server.name} ${state}`;
  });
  return `Real servers  ${parts.join('   ')}      errors ${view.errors}, during detection ${view.errorsExplained}`;
}

function hintLines(view: View, style: Style): string[] {
  const command = 'npm run -s fairlead -- status';
  const runtime = `--runtime ${view.runtime}`;
  const whole = `Elsewhere     ${command} ${runtime}`;
  return [
    `Keys          1 2 3 kill or revive a real server${view.pair ? '   4 5 a director' : ''}   q quit`,
    ...view.consoles.map(
      ({ url, password }, index) =>
        `${(index === 0 ? 'Consoles' : '').padEnd(14)}${url}${password === undefined ? '' : `  first login: admin ${password}`}`,
    ),
    ...(view.pair ? ['Drills        npm run -s fairlead -- drill kill-active'] : []),
    ...(whole.length <= style.columns
      ? [whole]
      : [`Elsewhere     ${command} \\`, `              ${runtime}`]),
  ];
}

type Painter = Record<'bold' | 'dim' | 'red' | 'green', (text: string) => string>;

function painter(colour: boolean): Painter {
  const wrap = (on: number, off: number) => (text: string) =>
    colour ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return { bold: wrap(1, 22), dim: wrap(2, 22), red: wrap(31, 39), green: wrap(32, 39) };
}

/** Cuts to a number of visible characters; escape sequences take none and are kept. */
export function clip(line: string, columns: number): string {
  let visible = 0;
  let cut = '';
  for (const piece of line.split(ESCAPE)) {
    if (piece.startsWith('\x1b')) {
      cut += piece;
      continue;
    }
    const characters = [...piece].slice(0, Math.max(0, columns - visible));
    visible += characters.length;
    cut += characters.join('');
  }
  return cut;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ESCAPE = /(\x1b\[[0-9;]*m)/;

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
