// What a scrape costs the console: the text that Prometheus gets of a site, with and without the series of single servers.
import { renderMetrics } from '../../webui/metrics/core/render.ts';
import { examplePicture } from '../../webui/metrics/support/example.ts';
import { atMost, formatNumber } from './figures.ts';
import { Samples } from './samples.ts';
import type { Section } from './section.ts';

const FULL = { services: 200, servers: 20, rounds: 40 };
const QUICK = { services: 20, servers: 5, rounds: 3 };
const EVERYTHING = 1_000_000;

const CASES = [
  { name: 'single servers left out, as they are too many', options: {}, target: atMost(50) },
  {
    name: 'with single servers',
    options: { serverSeriesMax: EVERYTHING, compatible: false },
    target: atMost(50),
  },
  { name: 'and under the names of other exporters', options: { serverSeriesMax: EVERYTHING } },
] as const;

export const METRICS: Section = {
  name: 'metrics',
  title: 'one scrape of the console',
  async *run(context) {
    const { services, servers, rounds } = context.quick ? QUICK : FULL;
    const picture = examplePicture(services, servers);
    context.say(`${services} services with ${servers} servers each`);
    for (const { name, options, ...more } of CASES) {
      const taken = new Samples();
      let text = '';
      for (let round = 0; round < rounds; round++) {
        await context.turn();
        const began_ms = performance.now();
        // Its length in bytes is asked for, as a text that is not written out is not finished.
        text = renderMetrics(picture, options);
        Buffer.byteLength(text);
        taken.add(performance.now() - began_ms);
      }
      yield {
        name: `${services} x ${servers}: ${name}`,
        value: taken.median,
        unit: 'ms',
        detail: `${formatNumber(text.split('\n').length)} lines, ${formatNumber(text.length)} bytes, ${formatNumber(taken.min)} at least`,
        ...more,
      };
    }
  },
};
