// A monitor's own part: from the keys of one kind of probe to its ProbeSpec. Unknown keys have been told before.
import type { ExpectStep, ProbeSpec } from '../model/monitor.ts';
import { readFields, readValues, type Values } from './fields.ts';
import type { Findings } from './problem.ts';
import { EXPECT, EXPECT_STEP, PROBES, type ProbeKind } from './schema.ts';
import type { Located, LocatedMap } from './tree.ts';

const STEPS_MAX = 32;
const STATUS_DEFAULT = [{ from: 200, to: 399 }];

/** Undefined after a problem. */
export function readProbe(kind: ProbeKind, map: LocatedMap, findings: Findings): ProbeSpec | undefined {
  const what = `a monitor of kind ${kind}`;
  switch (kind) {
    case 'tcp':
    case 'ping':
      return readValues(PROBES[kind], map, what, findings).all && { kind };
    case 'http': {
      checkHttp(map, false, findings);
      const all = readValues(PROBES.http, map, what, findings).all;
      return all && httpProbe(all.http, all, false);
    }
    case 'https': {
      checkHttp(map, true, findings);
      const all = readValues(PROBES.https, map, what, findings).all;
      return all && httpProbe(all.https, all, true);
    }
    case 'dns': {
      const all = readValues(PROBES.dns, map, what, findings).all;
      return all && { kind, name: all.dns, type: all.type, ...present({ answer: all.answer }) };
    }
    case 'expect':
      return expectProbe(map.entries.get('expect')!.node, findings);
    case 'exec': {
      const all = readValues(PROBES.exec, map, what, findings).all;
      return all && { kind, command: all.exec };
    }
  }
}

/** Options that exclude each other, whether or not their values are good. */
function checkHttp(map: LocatedMap, tls: boolean, findings: Findings): void {
  for (const key of ['sni', 'verify'] as const)
    if (!tls && map.entries.has(key))
      findings.problem(map.entries.get(key)!.keyOffset, {
        code: 'needs-tls',
        message: `\`${key}\` means nothing without TLS`,
        remedy: 'write https: instead of http:, or remove it',
      });
  const method = map.entries.get('method')?.node;
  const match = map.entries.get('match');
  if (method?.kind === 'scalar' && method.value === 'HEAD' && match !== undefined)
    findings.problem(match.keyOffset, {
      code: 'no-body',
      message: 'the answer to HEAD has no body that could match',
      remedy: 'write method: GET, or remove match',
    });
}

function httpProbe(path: string, options: Omit<Values<typeof PROBES.http>, 'http'>, tls: boolean): ProbeSpec {
  return {
    kind: 'http',
    tls,
    method: options.method,
    path,
    ...present({ host: options.host, sni: options.sni }),
    verify: options.verify ?? false,
    status: options.status ?? STATUS_DEFAULT,
    ...present({ body: options.match }),
  };
}

function expectProbe(node: Located, findings: Findings): ProbeSpec | undefined {
  const { all } = readFields(EXPECT, node, 'expect', findings);
  if (all === undefined || node.kind !== 'map') return undefined;
  const steps = all.steps === undefined ? shortSteps(all) : readSteps(all.steps, findings);
  if (all.steps !== undefined)
    for (const key of ['banner', 'send', 'match', 'starttls'])
      if (node.entries.has(key))
        findings.problem(node.entries.get(key)!.keyOffset, {
          code: 'both-forms',
          message: `\`${key}\` cannot stand beside \`steps\``,
          remedy: 'make it one of the steps',
        });
  if (steps === undefined) return undefined;
  if (!steps.some((step) => step.do !== 'send')) {
    findings.problem(node.offset, {
      code: 'expects-nothing',
      message: 'expect waits for no answer',
      remedy: 'add match, banner, starttls or steps',
    });
    return undefined;
  }
  checkTls(all, steps, node, findings);
  return { kind: 'expect', steps, tls: all.tls, ...present({ sni: all.sni }) };
}

function checkTls(
  all: Values<typeof EXPECT>,
  steps: readonly ExpectStep[],
  node: LocatedMap,
  findings: Findings,
): void {
  const upgrades = steps.filter((step) => step.do === 'starttls').length;
  if (upgrades + (all.tls ? 1 : 0) > 1)
    findings.problem(node.offset, {
      code: 'tls-twice',
      message: 'TLS can begin only once',
      remedy: 'keep tls: true for TLS from the first byte, or one starttls',
    });
  if (all.sni !== undefined && upgrades === 0 && !all.tls)
    findings.problem(node.entries.get('sni')!.keyOffset, {
      code: 'needs-tls',
      message: '`sni` means nothing without TLS',
      remedy: 'add tls: true or starttls, or remove it',
    });
}

/** banner, send, match, starttls: in the order in which they happen. */
function shortSteps(all: Values<typeof EXPECT>): ExpectStep[] {
  const steps: ExpectStep[] = [];
  if (all.banner !== undefined) steps.push({ do: 'expect', pattern: all.banner });
  if (all.send !== undefined) steps.push({ do: 'send', text: all.send });
  if (all.match !== undefined) steps.push({ do: 'expect', pattern: all.match });
  if (all.starttls) steps.push({ do: 'starttls' });
  return steps;
}

function readSteps(node: Located, findings: Findings): ExpectStep[] | undefined {
  if (node.kind !== 'list' || node.items.length === 0 || node.items.length > STEPS_MAX) {
    findings.problem(node.offset, {
      code: 'bad-steps',
      message: `steps must be a list of 1 to ${STEPS_MAX} steps`,
      remedy: 'write steps: [{ expect: ^220 }, { send: "QUIT\\r\\n" }]',
    });
    return undefined;
  }
  const steps = node.items.map((item) => readStep(item, findings));
  const read = steps.filter((step) => step !== undefined);
  return read.length === steps.length ? read : undefined;
}

function readStep(node: Located, findings: Findings): ExpectStep | undefined {
  if (node.kind === 'scalar' && node.value === 'starttls') return { do: 'starttls' };
  const { all } = readFields(EXPECT_STEP, node, 'a step', findings);
  if (all === undefined) return undefined;
  const steps: ExpectStep[] = [];
  if (all.expect !== undefined) steps.push({ do: 'expect', pattern: all.expect });
  if (all.send !== undefined) steps.push({ do: 'send', text: all.send });
  if (all.starttls) steps.push({ do: 'starttls' });
  if (steps.length === 1) return steps[0];
  findings.problem(node.offset, {
    code: 'bad-steps',
    message: 'a step does one thing',
    remedy: 'write { expect: PATTERN }, { send: TEXT } or starttls',
  });
  return undefined;
}

/** Without the keys that are not there: the model's optional fields are absent, never undefined. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
