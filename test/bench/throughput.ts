// What comes through a director in network namespaces, beside the kernel's own ways in the same rounds. Client and real
// servers use most of the machine, so this shows whether something is wrong rather than how fast the program is.
import { DATA_PATHS, type DataPath } from './data-paths.ts';
import { type Figure, formatNumber } from './figures.ts';
import { ratios, Samples } from './samples.ts';
import type { Section } from './section.ts';
import { createSite, PORTS, type Site } from './site.ts';
import { ensureTools } from './tools.ts';

interface Workload {
  readonly name: string;
  readonly unit: string;
  measure(site: Site, address: string, seconds: number): Promise<number>;
}

const WORKLOADS: readonly Workload[] = [
  {
    name: 'new connections',
    unit: '/s',
    measure: (site, address, seconds) => wrk(site, address, seconds, ['-H', 'Connection: close']),
  },
  {
    name: 'requests on kept connections',
    unit: '/s',
    measure: (site, address, seconds) => wrk(site, address, seconds, []),
  },
  { name: 'bulk', unit: 'Gbit/s', measure: iperf },
];

const FULL = { rounds: 7, seconds: 2 };
const QUICK = { rounds: 1, seconds: 1 };

export const THROUGHPUT: Section = {
  name: 'throughput',
  title: 'through a director in namespaces: tc, method nat, default offloads',
  async *run(context) {
    const { rounds, seconds } = context.quick ? QUICK : FULL;
    ensureTools(context.say);
    using site = await createSite(context.signal);
    const taken = new Map(DATA_PATHS.map((path) => [path.name, WORKLOADS.map(() => new Samples())]));
    for (let round = 0; round < rounds; round++) {
      context.say(`round ${round + 1} of ${rounds}`);
      for (let step = 0; step < DATA_PATHS.length; step++) {
        const path = DATA_PATHS[(round + step) % DATA_PATHS.length]!;
        using _open = await path.open(site);
        for (const [index, workload] of WORKLOADS.entries()) {
          await context.turn();
          taken.get(path.name)![index]!.add(await workload.measure(site, path.address, seconds));
        }
      }
    }
    for (const [index, { name, unit }] of WORKLOADS.entries()) {
      const of = (path: DataPath['name']) => taken.get(path)![index]!;
      for (const { name: path } of DATA_PATHS) yield absolute(`${name}, ${path}`, unit, of(path));
      yield relative(`${name}, fairlead to nftables`, of('fairlead'), of('nftables'));
      yield relative(`${name}, fairlead to routing`, of('fairlead'), of('routing'));
    }
  },
};

function absolute(name: string, unit: string, samples: Samples): Figure {
  const detail = `median of ${samples.count} [${formatNumber(samples.min)} to ${formatNumber(samples.max)}]`;
  return { name, value: samples.median, unit, detail };
}

/** Paired: each round's own ratio. */
function relative(name: string, of: Samples, to: Samples): Figure {
  const paired = ratios(of, to);
  const won = paired.values.filter((ratio) => ratio > 1).length;
  const detail = `[${formatNumber(paired.min)} to ${formatNumber(paired.max)}], ahead in ${won} of ${paired.count} rounds`;
  return { name, value: paired.median, unit: 'x', detail };
}

async function wrk(site: Site, address: string, seconds: number, more: readonly string[]): Promise<number> {
  const common = ['-t', '2', '-c', '64', '-d', `${seconds}s`, '--timeout', '2s'];
  const text = await site.atClient(seconds, 'wrk', [...common, ...more, `http://${address}:${PORTS.web}/`]);
  const rate = /^Requests\/sec:\s*([\d.]+)/m.exec(text)?.[1];
  const errors = /^\s*Non-2xx.*$/m.exec(text)?.[0];
  if (rate === undefined || Number(rate) === 0 || errors) throw new Error(`wrk: ${errors ?? text}`);
  return Number(rate);
}

async function iperf(site: Site, address: string, seconds: number): Promise<number> {
  const args = ['-c', address, '-p', String(PORTS.bulk), '-t', String(seconds), '-J'];
  const report = JSON.parse(await site.atClient(seconds, 'iperf3', args)) as {
    readonly end?: { readonly sum_received?: { readonly bits_per_second?: number } };
  };
  const rate = report.end?.sum_received?.bits_per_second;
  if (!rate) throw new Error('iperf3 carried nothing');
  return rate / 1e9;
}
