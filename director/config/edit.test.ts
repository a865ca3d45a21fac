import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../model/error.ts';
import { diffText } from './diff.ts';
import { addServer, removeServer, setServerWeight } from './edit.ts';
import { parseConfiguration } from './parse.ts';

const EXAMPLE = readFileSync(new URL('../../docs/example.yaml', import.meta.url), 'utf8');

const HEAD = 'cluster: a\ndirectors: { b: { address: 10.0.0.1 } }\nservices:\n';
/** The text of one service `www`, and what an edit makes of it. */
function file(...lines: string[]): string {
  return `${HEAD}${lines.join('\n')}\n`;
}
function body(text: string): string[] {
  expect(text.startsWith(HEAD)).toBe(true);
  return text.slice(HEAD.length).replace(/\n$/, '').split('\n');
}

const BLOCK = [
  '  www:',
  '    listen: tcp://10.0.0.100:80',
  '    servers:   # in rack order',
  '      # the old one',
  '      rs1:',
  '        address: 10.1.0.1   # left',
  '        weight: 1           # slow',
  '',
  '      # the new one',
  '      rs2:   # right',
  '        address: 10.1.0.2',
  '    scheduler: wrr  # fair',
];
const FLOW = [
  '  www: { listen: tcp://10.0.0.100:80, servers: { rs1: { address: 10.1.0.1 }, rs2: { address: 10.1.0.2, weight: 2, } } } # all',
];
const LINES = [
  '  www:',
  '    listen: tcp://10.0.0.100:80',
  '    servers: {',
  '      rs1: { address: 10.1.0.1 },   # one',
  '      rs2: { address: 10.1.0.2 },   # two',
  '    }',
];

/** Changed lines only. */
function changes(before: string, after: string): string[] {
  return diffText(before, after)
    .split('\n')
    .slice(2)
    .filter((line) => /^[-+]/.test(line));
}

describe('setting a weight', () => {
  it('changes the number and nothing else', () => {
    expect(changes(file(...BLOCK), setServerWeight(file(...BLOCK), 'www', 'rs1', 7))).toEqual([
      '-        weight: 1           # slow',
      '+        weight: 7           # slow',
    ]);
    expect(changes(EXAMPLE, setServerWeight(EXAMPLE, 'www', 'rs2', 0))).toEqual([
      '-      rs2: { address: 10.1.0.22:8080, weight: 2, probe_port: 9000 }',
      '+      rs2: { address: 10.1.0.22:8080, weight: 0, probe_port: 9000 }',
    ]);
  });

  it('adds the key where there is none', () => {
    expect(changes(file(...BLOCK), setServerWeight(file(...BLOCK), 'www', 'rs2', 3))).toEqual([
      '+        weight: 3',
    ]);
    expect(changes(EXAMPLE, setServerWeight(EXAMPLE, 'www', 'far', 3))).toEqual([
      '-      far: { address: 192.0.2.7, method: tunnel }   # port of the service',
      '+      far: { address: 192.0.2.7, method: tunnel, weight: 3 }   # port of the service',
    ]);
  });

  it('finds its way in flow style', () => {
    expect(body(setServerWeight(file(...FLOW), 'www', 'rs2', 5))[0]).toContain(
      'rs2: { address: 10.1.0.2, weight: 5, }',
    );
  });

  it('keeps Windows line ends, and a last line without one', () => {
    const windows = file(...BLOCK.slice(0, 11)).replaceAll('\n', '\r\n');
    expect(setServerWeight(windows, 'www', 'rs2', 3)).toBe(`${windows}        weight: 3\r\n`);
    const open = file(...BLOCK.slice(0, 11)).trimEnd();
    expect(setServerWeight(open, 'www', 'rs2', 3)).toBe(`${open}\n        weight: 3`);
  });
});

describe('adding a server', () => {
  it('puts it behind the others, in their style', () => {
    expect(
      changes(
        file(...BLOCK),
        addServer(file(...BLOCK), 'www', 'rs3', { address: '10.1.0.3:8080', weight: 2 }),
      ),
    ).toEqual(['+      rs3: { address: 10.1.0.3:8080, weight: 2 }']);
    expect(body(addServer(file(...FLOW), 'www', 'rs3', { address: '10.1.0.3' }))[0]).toContain(
      'weight: 2, }, rs3: { address: 10.1.0.3 } }',
    );
  });

  it('quotes what YAML would take for something else', () => {
    const edited = addServer(EXAMPLE, 'www6', 'rs3', {
      address: '[2001:db8::23]:80',
      method: 'route',
      weight: 4,
    });
    expect(changes(EXAMPLE, edited)).toEqual([
      '+      rs3: { address: "[2001:db8::23]:80", method: route, weight: 4 }',
    ]);
  });

  it.each<[string, string[], string]>([
    [
      'servers: {}',
      ['    servers: {}  # none yet'],
      '    servers: { rs1: { address: 10.1.0.1 } }  # none yet',
    ],
    ['servers:', ['    servers:  # none yet'], '    servers: { rs1: { address: 10.1.0.1 } }  # none yet'],
    ['no servers', [], '    servers: { rs1: { address: 10.1.0.1 } }'],
  ])('begins the list where there is %s', (_, lines, result) => {
    const before = file('  www:', '    listen: tcp://10.0.0.100:80', ...lines);
    expect(body(addServer(before, 'www', 'rs1', { address: '10.1.0.1' })).at(-1)).toBe(result);
  });
});

describe('removing a server', () => {
  it('takes its lines and leaves the others theirs', () => {
    expect(changes(file(...BLOCK), removeServer(file(...BLOCK), 'www', 'rs1'))).toEqual([
      '-      rs1:',
      '-        address: 10.1.0.1   # left',
      '-        weight: 1           # slow',
    ]);
    expect(changes(file(...LINES), removeServer(file(...LINES), 'www', 'rs2'))).toEqual([
      '-      rs2: { address: 10.1.0.2 },   # two',
    ]);
  });

  it('takes it out of a line', () => {
    const first = removeServer(file(...FLOW), 'www', 'rs1');
    expect(body(first)[0]).toContain('servers: { rs2: { address: 10.1.0.2, weight: 2, } } } # all');
    expect(body(removeServer(first, 'www', 'rs2'))[0]).toContain('servers: {  } } # all');
    expect(body(removeServer(file(...FLOW), 'www', 'rs2'))[0]).toContain(
      'servers: { rs1: { address: 10.1.0.1 } } } # all',
    );
  });

  it('can leave none', () => {
    const none = removeServer(removeServer(file(...BLOCK), 'www', 'rs1'), 'www', 'rs2');
    expect(body(none)).toEqual([
      '  www:',
      '    listen: tcp://10.0.0.100:80',
      '    servers:   # in rack order',
      '      # the old one',
      '',
      '      # the new one',
      '    scheduler: wrr  # fair',
    ]);
    expect(parseConfiguration(addServer(none, 'www', 'rs9', { address: '10.1.0.9' }), 'f')).toHaveProperty(
      'configuration.services.0.servers.0.name',
      'rs9',
    );
  });
});

describe('an edit is refused', () => {
  const shared = file(
    '  www: { listen: tcp://10.0.0.100:80, servers: &all { rs1: { address: 10.1.0.1 } } }',
    '  web: { listen: tcp://10.0.0.100:81, servers: *all }',
  );

  it.each<[string, () => string, string]>([
    ['of an unknown service', () => setServerWeight(EXAMPLE, 'none', 'rs1', 1), 'unknown-service'],
    ['of an unknown server', () => setServerWeight(EXAMPLE, 'www', 'none', 1), 'unknown-server'],
    [
      'of a name that is taken',
      () => addServer(EXAMPLE, 'www', 'rs1', { address: '10.1.0.77' }),
      'server-exists',
    ],
    ['with a weight that cannot be', () => setServerWeight(EXAMPLE, 'www', 'rs1', -1), 'edit-refused'],
    [
      'with a weight that is no number',
      () => setServerWeight(EXAMPLE, 'www', 'rs1', Number.NaN),
      'edit-refused',
    ],
    [
      'with an address that is taken',
      () => addServer(EXAMPLE, 'www', 'x', { address: '10.1.0.21:80' }),
      'edit-refused',
    ],
    [
      'with a name that is none',
      () => addServer(EXAMPLE, 'www', 'a: {b', { address: '10.1.0.77' }),
      'edit-refused',
    ],
    [
      'with an address that is none',
      () => addServer(EXAMPLE, 'www', 'x', { address: '"}, y: {' }),
      'edit-refused',
    ],
    ['that would reach another service', () => setServerWeight(shared, 'www', 'rs1', 5), 'edit-refused'],
    ['of an alias', () => setServerWeight(shared, 'web', 'rs1', 5), 'edit-refused'],
    [
      'of a text that is wrong already',
      () => setServerWeight('cluster: 1', 'www', 'rs1', 5),
      'bad-configuration',
    ],
  ])('%s', (_, edit, code) => {
    expect(edit).toThrow(
      expect.objectContaining({ name: expect.stringMatching(/Error$/), code, exit: EXIT.usage }),
    );
  });
});

describe('edits in any layout', () => {
  const server = (index: number) =>
    fc.constantFrom(
      (indent: string) => `${indent}s${index}: { address: 10.1.0.${index} }\n`,
      (indent: string) => `${indent}s${index}: { address: 10.1.0.${index}, weight: 1, } # flow\n`,
      (indent: string) => `${indent}s${index}:\n${indent} address: 10.1.0.${index}\n`,
      (indent: string) =>
        `${indent}"s${index}":  # key\n${indent}   weight: 1\n${indent}   address: "10.1.0.${index}"   # value\n\n`,
      (indent: string) =>
        `${indent}# before\n${indent}? s${index}\n${indent}: { address: 10.1.0.${index} }\n`,
    );
  const layout = fc.record({
    indent: fc.constantFrom('   ', '      '),
    servers: fc.tuple(server(1), server(2), server(3)),
    after: fc.constantFrom('', '  scheduler: rr\n', '  # end\n', '# end\n'),
  });

  it('change what they should, or refuse, and keep every comment of others', () => {
    fc.assert(
      fc.property(layout, fc.integer({ min: 1, max: 3 }), ({ indent, servers, after }, index) => {
        const text = `${HEAD} www:\n  listen: tcp://10.0.0.100:80\n  servers:\n${servers.map((each) => each(indent)).join('')}${after}`;
        const weights = (edited: string) => {
          const parsed = parseConfiguration(edited, 'f');
          if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
          return parsed.configuration.services[0]!.servers.map((each) => `${each.name}=${each.weight}`);
        };
        const all = ['s1=1', 's2=1', 's3=1'];
        expect(weights(setServerWeight(text, 'www', `s${index}`, 9))).toEqual(
          all.with(index - 1, `s${index}=9`),
        );
        expect(weights(addServer(text, 'www', 's4', { address: '10.1.0.4', weight: 4 }))).toEqual([
          ...all,
          's4=4',
        ]);
        let rest = text;
        try {
          rest = removeServer(text, 'www', `s${index}`);
        } catch (error) {
          expect(error).toMatchObject({ code: 'edit-refused' });
        }
        if (rest !== text) expect(weights(rest)).toEqual(all.toSpliced(index - 1, 1));
        const comments = (of: string) => of.match(/#.*/g)?.length ?? 0;
        expect(comments(setServerWeight(text, 'www', `s${index}`, 9))).toBe(comments(text));
      }),
      { numRuns: 200 },
    );
  });
});
