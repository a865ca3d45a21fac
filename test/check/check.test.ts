import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkArrows, circles, roomOf } from './arrows.ts';
import { checkHouseRules } from './house-rules.ts';
import { ROOMS } from './rooms.ts';
import { blankComments, importsOf } from './source.ts';

const file = (path: string, ...lines: string[]) => ({ path, text: `${lines.join('\n')}\n` });

describe('importsOf', () => {
  it('finds every form of import with its line', () => {
    const text = [
      "import a from './a.ts';",
      "import type {\n  B,\n  C,\n} from './b.ts';",
      "export * from './c.ts';",
      "import './d.ts';",
      "const e = await import('./e.ts');",
    ].join('\n');
    expect(importsOf(text)).toEqual([
      { specifier: './a.ts', line: 1 },
      { specifier: './b.ts', line: 5 },
      { specifier: './c.ts', line: 6 },
      { specifier: './d.ts', line: 7 },
      { specifier: './e.ts', line: 8 },
    ]);
  });

  it('passes over imports in comments and exports without a source', () => {
    expect(
      importsOf("// import a from 'a';\n/*\nimport b from 'b';\n*/\nexport const c = 'd';\nexport { c };\n"),
    ).toEqual([]);
  });

  it('keeps the length and the lines of any text when it blanks comments', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('/', '*', '"', "'", '`', '\\', '\n', 'a') }), (text) => {
        const blank = blankComments(text);
        expect(blank.length).toBe(text.length);
        expect(blank.split('\n').length).toBe(text.split('\n').length);
      }),
    );
  });
});

describe('checkArrows', () => {
  it('lets everyone into the model and a room into itself', () => {
    const sources = [
      file('webui/main.ts', "import { a } from '../director/model/a.ts';", "import { b } from './b.ts';"),
      file('director/model/a.ts', 'export const a = 1;'),
    ];
    expect(checkArrows(sources)).toEqual([]);
  });

  it('names file, line and the open doors when a room enters a foreign one', () => {
    expect(
      checkArrows([
        file('monitor/probe/page.ts', '', "import { e } from '../../director/engine/engine.ts';"),
      ]),
    ).toEqual([
      'monitor/probe/page.ts:2: imports director/engine/engine.ts: monitor/probe may enter only director/model, monitor/core, director/native',
    ]);
  });

  it.each([
    ['a clock', 'const now = Date.now();'],
    ['a timer', 'setTimeout(f, 1);'],
    ['chance', 'const x = Math.random();'],
    ['the disk', "import { readFileSync } from 'node:fs';"],
    ['the network, by type alone', "import type { Socket } from 'node:net';"],
    ['a package that does I/O', "import pino from 'pino';"],
  ])('keeps %s out of pure rooms', (_, line) => {
    expect(checkArrows([file('heartbeat/core/state.ts', line)])).not.toEqual([]);
  });

  it('does not mistake words in comments and strings for a clock', () => {
    expect(
      checkArrows([file('heartbeat/core/state.ts', '// unlike Date.now', "const text = 'Date.now';")]),
    ).toEqual([]);
  });

  it('keeps the foreign function interface in its room', () => {
    expect(checkArrows([file('monitor/probe/ping.ts', "import koffi from 'koffi';")])).toHaveLength(1);
    expect(checkArrows([file('director/native/libc.ts', "import koffi from 'koffi';")])).toEqual([]);
  });

  it('refuses imports of what is started, and of what is there for tests', () => {
    const sources = [
      file('monitor/pool.ts', "import './main.ts';"),
      file('monitor/nannies.ts', "import { serve } from './support/servers.ts';"),
    ];
    expect(checkArrows(sources)).toHaveLength(2);
  });

  it('lets tests look anywhere', () => {
    expect(checkArrows([file('webui/a.test.ts', "import '../director/engine/ebpf/engine.ts';")])).toEqual([]);
  });

  it('finds circles between files', () => {
    const sources = [
      file('director/store/a.ts', "import './b.ts';"),
      file('director/store/b.ts', "import './c.ts';"),
      file('director/store/c.ts', "import './a.ts';"),
    ];
    expect(checkArrows(sources)).toEqual([
      'files in a circle: director/store/a.ts -> director/store/b.ts -> director/store/c.ts -> director/store/a.ts',
    ]);
  });

  it('wants a room for every file', () => {
    expect(checkArrows([file('director/attic/a.ts')])).toEqual([
      'director/attic/a.ts: belongs to no room of test/check/rooms.ts',
    ]);
  });
});

describe('the table of rooms', () => {
  it('names only rooms that exist and opens no way round in a circle', () => {
    const names = ROOMS.map((room) => room.at);
    for (const room of ROOMS) expect(names).toEqual(expect.arrayContaining([...room.may]));
    expect(circles(new Map(ROOMS.map((room) => [room.at, room.may])))).toEqual([]);
  });

  it('lets only what moves packets, asks the network or takes a lock near the native room', () => {
    const near = ROOMS.filter((room) => room.may.includes('director/native')).map((room) => room.at);
    expect(near.sort()).toEqual([
      'director/backup',
      'director/doctor/network',
      'director/engine/ebpf',
      'director/engine/ipvs',
      'director/pulse',
      'director/setup',
      'director/sync',
      'heartbeat',
      'heartbeat/link',
      'heartbeat/takeover',
      'monitor/probe',
    ]);
  });

  it('puts a file into the innermost room', () => {
    expect(roomOf('director/engine/ebpf/engine.ts')?.at).toBe('director/engine/ebpf');
    expect(roomOf('director/engine/engine.ts')?.at).toBe('director/engine');
    expect(roomOf('director/engineering.ts')).toBeUndefined();
  });
});

describe('checkHouseRules', () => {
  it('accepts a short file with a header', () => {
    expect(
      checkHouseRules([file('a.ts', '// What it is.'), file('b.sh', '#!/bin/sh', '# What it is.')]),
    ).toEqual([]);
  });

  it('refuses a file that is too long, has no header, or leaves work behind', () => {
    const later = ['TO', 'DO'].join('');
    expect(checkHouseRules([file('a.c', '// What it is.', ...Array(350).fill(''))])).toHaveLength(1);
    expect(checkHouseRules([file('b.h', '#define B')])).toHaveLength(1);
    expect(checkHouseRules([file('c.ts', '// What it is.', `// ${later}: finish`)])).toEqual([
      `c.ts:2: ${later}: finish it, or open an issue`,
    ]);
  });
});
