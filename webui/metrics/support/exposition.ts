// A strict reader of Prometheus' text format 0.0.4, written from its description and not from our writer: whatever the format does
// not allow is an error with its line.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
export interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const VALUE = /^-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)$/;

type Wrong = (what: string) => never;
interface Begun {
  readonly name: string;
  type?: string;
  help?: string;
  readonly samples: Sample[];
}

export function parseExposition(text: string): Map<string, Metric> {
  if (text === '' || !text.endsWith('\n')) throw new Error('the text does not end with a line feed');
  const reader = new Reader();
  for (const [index, line] of text.slice(0, -1).split('\n').entries())
    reader.take(line, (what) => {
      throw new Error(`line ${index + 1}: ${what}: ${line}`);
    });
  for (const { name, samples } of reader.metrics.values())
    if (samples.length === 0) throw new Error(`${name}: no sample`);
  return reader.metrics as Map<string, Metric>;
}

class Reader {
  readonly metrics = new Map<string, Begun>();
  readonly #series = new Set<string>();
  #present: Begun | undefined;

  take(line: string, wrong: Wrong): void {
    if (line === '' || line.startsWith('#')) this.#takeComment(line, wrong);
    else this.#takeSample(parseSample(line, wrong), wrong);
  }

  #takeComment(line: string, wrong: Wrong): void {
    const [, kind = '', name = '', rest = ''] =
      /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? wrong('neither a comment that is told nor a sample');
    if (!NAME.test(name)) wrong('no name');
    if (name !== this.#present?.name) {
      if (this.metrics.has(name)) wrong('the metric was told before');
      this.#present = { name, samples: [] };
      this.metrics.set(name, this.#present);
    }
    takeComment(this.#present!, kind, rest, wrong);
  }

  #takeSample(sample: Sample, wrong: Wrong): void {
    const present = this.#present;
    if (present?.type === undefined || present.help === undefined) {
      wrong('no HELP and TYPE before');
      return;
    }
    if (sample.name !== present.name) wrong('not beside the other samples of its metric');
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (this.#series.has(key)) wrong('the series is there twice');
    this.#series.add(key);
    present.samples.push(sample);
  }
}

function takeComment(metric: Begun, kind: string, rest: string, wrong: Wrong): void {
  if (metric.samples.length > 0) wrong('comes after its samples');
  if (kind === 'HELP') {
    if (metric.help !== undefined || /\\(?![\\n])/.test(rest)) wrong('HELP');
    metric.help = rest;
    return;
  }
  if (metric.type !== undefined || !/^(counter|gauge|histogram|summary|untyped)$/.test(rest)) wrong('TYPE');
  metric.type = rest;
}

function parseSample(line: string, wrong: Wrong): Sample {
  const name = /^[^{\s]*/.exec(line)![0];
  if (!NAME.test(name)) wrong('no name');
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    while (!rest.startsWith('}')) {
      const label = LABEL.exec(rest)?.[0] ?? wrong('no label');
      if (label in labels) wrong('a label is there twice');
      if (!rest.startsWith(`${label}="`)) wrong('no value of a label');
      const quoted = /^(?:[^"\\]|\\[\\"n])*"/.exec(rest.slice(label.length + 2))?.[0] ?? wrong('quotes');
      labels[label] = quoted
        .slice(0, -1)
        .replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
      rest = rest.slice(label.length + 2 + quoted.length);
      if (rest.startsWith(',')) rest = rest.slice(1);
      else if (!rest.startsWith('}')) wrong('no comma');
    }
    rest = rest.slice(1);
  }
  if (!rest.startsWith(' ')) wrong('no blank before the value');
  if (!VALUE.test(rest.slice(1))) wrong('no value');
  return { name, labels, value: Number(rest.slice(1)) };
}
