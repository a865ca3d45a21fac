// The web console with many services: how soon the overview is there, how large it is, and what it costs to keep it going
// for many browsers. Real programs over real TLS; beside the page, the same bytes as a file.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../director/native/system-clock.ts';
import { createLiveHub } from '../../webui/live/hub.ts';
import type { Mirror, Picture } from '../../webui/mirror/mirror.ts';
import { type Started, start, until } from '../cli/support/instance.ts';
import { openMadeUpDirector } from '../console/support/director.ts';
import { manyServices, pictureOf } from '../console/support/picture.ts';
import { ConsoleSite, Visitor } from '../console/support/site.ts';
import { cookieOf, follow, get } from './browsers.ts';
import { atMost, type Figure } from './figures.ts';
import { interleave, Samples } from './samples.ts';
import type { BenchContext, Section } from './section.ts';

interface Size {
  readonly services: number;
  readonly servers: number;
  /** Services whose servers are listed by the API. */
  readonly listed: number;
  readonly rounds: number;
  readonly ticks: number;
  readonly browsers: number;
  readonly seconds: number;
}

const FULL: Size = {
  services: 200,
  servers: 20,
  listed: 500,
  rounds: 40,
  ticks: 60,
  browsers: 50,
  seconds: 20,
};
const QUICK: Size = { services: 40, servers: 3, listed: 40, rounds: 3, ticks: 3, browsers: 5, seconds: 2 };
/** On a page. */
const SHOWN = 25;
const CPU_TICKS_PER_S = 100;

export const CONSOLE: Section = {
  name: 'console',
  title: 'the console’s overview over TLS, and its live stream',
  async *run(context) {
    const size = context.quick ? QUICK : FULL;
    yield* pages(context, size);
    yield* list(context, size);
    yield* ticks(context, size);
    yield* followers(context, size);
  },
};

/** A real director of the memory engine, without monitors, and a real console. */
async function* pages(context: BenchContext, size: Size): AsyncGenerator<Figure> {
  const { services, servers } = size;
  context.say(`a director with ${services} services x ${servers} servers, and its console`);
  await using site = await ConsoleSite.open({ text: configuration(size) });
  const visitor = await site.visitor();
  const cookie = cookieOf(visitor);
  using kept = agent();
  const page = new URL('/', site.url);
  await until(async () => (await get(page, cookie, kept.agent)).body.length > 1_000);
  const { body } = await get(page, cookie, kept.agent);
  await using file = await serveFile(body, site.certificates);
  const firsts = { console: new Samples(), file: new Samples() };
  const taken = await interleave(size.rounds, ['console', 'file'] as const, context.turn, async (which) => {
    const { status, first_ms, full_ms } = await get(
      which === 'console' ? page : file.url,
      cookie,
      kept.agent,
    );
    if (status !== 200) throw new Error(`${which} answered ${status}`);
    firsts[which].add(first_ms);
    return full_ms;
  });
  const what = `${services} x ${servers}, a page of ${Math.min(SHOWN, services)} services`;
  const spread = ({ min, max }: Samples): string => `${min.toFixed(1)} to ${max.toFixed(1)}`;
  yield {
    name: `first byte: ${what}`,
    value: firsts.console.median,
    unit: 'ms',
    target: atMost(100),
    detail: `${spread(firsts.console)}; the same bytes as a file ${firsts.file.median.toFixed(2)} ms`,
  };
  const whole = taken.get('console')!;
  yield {
    name: 'the whole of it',
    value: whole.median,
    unit: 'ms',
    detail: `${spread(whole)}; ${body.length} bytes; as a file ${taken.get('file')!.median.toFixed(2)} ms`,
  };
  // Every name of a group of 20 begins so, and so do 10 of its 20 servers' names: about what the target was set for.
  const twenty = await get(new URL('/?q=group0-+rs1', site.url), cookie, kept.agent);
  yield {
    name: 'bytes on the wire: 20 services with about 10 servers each',
    value: twenty.body.length / 1_000,
    unit: 'kB',
    target: atMost(60),
    detail: 'packed, for an operator; style and scripts are loaded once',
  };
  const sought = new Samples();
  for (let round = 0; round < size.rounds; round++) {
    await context.turn();
    sought.add((await get(new URL('/?q=nothing+like+it&sort=load', site.url), cookie, kept.agent)).full_ms);
  }
  yield {
    name: `a filter over all that finds nothing`,
    value: sought.median,
    unit: 'ms',
    detail: spread(sought),
  };
}

/** Every real server by the API, through the console. */
async function* list(context: BenchContext, size: Size): AsyncGenerator<Figure> {
  const { listed, rounds } = size;
  context.say(`a director with ${listed} services x ${size.servers} servers, by the API`);
  await using site = await ConsoleSite.open({ text: configuration({ ...size, services: listed }) });
  const cookie = cookieOf(await site.visitor());
  using kept = agent();
  const target = new URL('/api/v1/servers', site.url);
  const taken = new Samples();
  let bytes = 0;
  for (let round = 0; round < rounds; round++) {
    await context.turn();
    const { status, full_ms, body } = await get(target, cookie, kept.agent);
    if (status !== 200) throw new Error(`the API answered ${status}`);
    taken.add(full_ms);
    bytes = body.length;
  }
  yield {
    name: `GET /api/v1/servers: ${(listed * size.servers).toLocaleString('en')} servers`,
    value: taken.median,
    unit: 'ms',
    target: atMost(200),
    detail: `${taken.min.toFixed(0)} to ${taken.max.toFixed(0)}; ${(bytes / 1e6).toFixed(1)} MB`,
  };
}

/** What one tick costs the console when every number has changed: compared, encoded once, handed to the browsers. */
async function* ticks(context: BenchContext, size: Size): AsyncGenerator<Figure> {
  const turns = Array.from({ length: 4 }, (_, turn) =>
    pictureOf(manyServices(size.services, size.servers, turn)),
  );
  const names = turns[0]!.services.map(({ name }) => name);
  for (const [what, topics] of [
    [`a page of ${Math.min(SHOWN, names.length)}`, names.slice(0, SHOWN)],
    ['a page of all', ['*']],
  ] as const) {
    await context.turn();
    const { mirror, show } = turnedMirror(turns[0]!);
    using hub = createLiveHub({ mirror, clock: systemClock });
    let bytes = 0;
    const response = {
      ...{ writableLength: 0, writeHead() {}, once() {}, end() {} },
      write: (text: string) => {
        bytes += text.length;
      },
    };
    hub.open(response as unknown as Parameters<typeof hub.open>[0], topics, async () => true);
    bytes = 0;
    const taken = new Samples();
    for (let tick = 0; tick < size.ticks; tick++) {
      const before = process.cpuUsage();
      show(turns[(tick + 1) % turns.length]!);
      const { user, system } = process.cpuUsage(before);
      taken.add((user + system) / 1_000);
    }
    yield {
      name: `CPU of a tick, everything changes: ${what}`,
      value: taken.median,
      unit: 'ms',
      detail: `of ${size.services} x ${size.servers}; ${Math.round(bytes / size.ticks / 1_000)} kB for a browser, ${taken.min.toFixed(1)} to ${taken.max.toFixed(1)} ms`,
    };
  }
}

function turnedMirror(first: Picture) {
  let picture = first;
  let tell: Parameters<Mirror['follow']>[0] = () => {};
  const mirror: Mirror = {
    picture: () => picture,
    trouble: () => undefined,
    learn() {},
    follow(onChange) {
      tell = onChange;
      return { [Symbol.dispose]() {} };
    },
    [Symbol.asyncDispose]: async () => {},
  };
  const show = (next: Picture): void => {
    picture = next;
    const { at, status, services } = next;
    tell({ kind: 'full', at, status, services: [...services] });
  };
  return { mirror, show };
}

/** The console as a process of its own before a director in which every number changes each second. */
async function* followers(context: BenchContext, size: Size): AsyncGenerator<Figure> {
  const { services, servers, browsers, seconds } = size;
  context.say(`${browsers} browsers follow for ${seconds} s`);
  await using made = await openChanging(size);
  const alone = await shareOf(context, made.pid, seconds);
  const shown = Math.min(SHOWN, services);
  const names = made.names.slice(0, shown).join(',');
  using streams = await follow(new URL(`/live?services=${names}`, made.url), made.cookie, browsers);
  const before = streams.bytes();
  const share = await shareOf(context, made.pid, seconds);
  if (streams.count() !== browsers) throw new Error(`${browsers - streams.count()} browsers were let go`);
  yield {
    name: `CPU with ${browsers} browsers on a page of ${shown}, everything changes`,
    value: share,
    unit: '% of a core',
    detail: `${services} x ${servers}; without browsers ${alone.toFixed(1)} %; ${((streams.bytes() - before) / seconds / 1e6).toFixed(1)} MB/s go out`,
  };
}

async function openChanging({ services, servers }: Size) {
  await using parts = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'fl-bench-'));
  parts.defer(() => rmSync(folder, { recursive: true, force: true }));
  const turns = Array.from({ length: 4 }, (_, turn) => pictureOf(manyServices(services, servers, turn)));
  let turn = 0;
  parts.use(
    await openMadeUpDirector(join(folder, 'control.sock'), { picture: () => turns[turn++ % turns.length]! }),
  );
  const console_ = start([
    ...['console', '--runtime', folder, '--listen', '127.0.0.1:0', '--certificates', join(folder, 'console')],
  ]);
  parts.defer(() => endOf(console_));
  let url = '';
  await until(() => {
    url = /"url":"([^"]+)"/.exec(console_.out())?.[1] ?? '';
    return url !== '';
  });
  const visitor = new Visitor(url, readFileSync(join(folder, 'console/self-signed.crt')));
  await visitor.login('admin', 'made up');
  const owned = parts.move();
  return {
    pid: console_.child.pid ?? 0,
    url,
    cookie: cookieOf(visitor),
    names: turns[0]!.services.map(({ name }) => name),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function endOf({ child, ended }: Started): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

/** User and system time of all threads, in percent of one core. */
async function shareOf(context: BenchContext, pid: number, seconds: number): Promise<number> {
  const began = performance.now();
  const before = cpuSecondsOf(pid);
  for (let second = 0; second < seconds; second++) {
    await sleep(1_000);
    await context.turn();
  }
  return ((cpuSecondsOf(pid) - before) / ((performance.now() - began) / 1_000)) * 100;
}

function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CPU_TICKS_PER_S;
}

function agent() {
  const kept = new https.Agent({ keepAlive: true, maxSockets: 2 });
  return { agent: kept, [Symbol.dispose]: () => kept.destroy() };
}

async function serveFile(body: Buffer, certificates: string) {
  const folder = mkdtempSync(join(tmpdir(), 'fl-bench-'));
  const file = join(folder, 'page.gz');
  writeFileSync(file, body);
  const key = (ending: string): string => join(certificates, `self-signed.${ending}`);
  const program = join(import.meta.dirname, 'static-file/main.ts');
  const child: ChildProcess = spawn(process.execPath, [program, file, key('crt'), key('key')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  await until(() => /port \d+/.test(out) || child.exitCode !== null);
  return {
    url: new URL(`https://127.0.0.1:${/port (\d+)/.exec(out)?.[1]}/`),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration({ services, servers }: Size): string {
  const blocks = Array.from({ length: services }, (_, index) => {
    const lines = Array.from(
      { length: servers },
      (_, server) =>
        `      rs${server + 1}: { address: 10.${100 + (index >> 8)}.${index & 255}.${server + 1} }`,
    );
    return `  group${Math.floor(index / 20)}-service${index % 20}:
    listen: tcp://10.${index >> 8}.${index & 255}.100:443
    method: nat
    servers:
${lines.join('\n')}`;
  });
  return `cluster: bench
directors:
  lb1: { address: 127.0.0.1 }
engine: { kind: memory }
services:
${blocks.join('\n')}
`;
}
