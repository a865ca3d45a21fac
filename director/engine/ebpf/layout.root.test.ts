// layout.ts against the compiler: records as the built object uses them, and what leaves no trace in it (macros,
// enumerations, the event) as clang sees it in director/bpf/layout.h.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BpfObjectFile, readBpfObject } from '../../../test/support/btf.ts';
import { tcpStateTable } from '../../connections/tcp-state.ts';
import { DROP_REASONS } from '../../model/counters.ts';
import { METHODS, REMOVAL_POLICIES, SCHEDULERS } from '../../model/service.ts';
import { CONNECTION_STATES } from '../../model/state.ts';
import {
  CHANGE,
  EVENT_FLAG,
  INBOX_RECORDS,
  INSTALL,
  INSTALL_FLAG,
  INSTALL_RESULT,
  INSTALL_WHAT,
} from './install-layout.ts';
import * as layout from './layout.ts';
import { OBJECT_PATH } from './tables.ts';

const SOURCES = join(import.meta.dirname, '../../bpf');
const RECORDS = {
  slot: layout.SLOT,
  service: layout.SERVICE,
  server: layout.SERVER,
  hop: layout.HOP,
  traffic: layout.TRAFFIC,
  totals: layout.TOTALS,
  control: layout.CONTROL,
  sweep: layout.SWEEP,
  service_key: layout.SERVICE_KEY,
  bucket: layout.BUCKET,
  install: INSTALL,
} as const;
const MACROS = {
  LAYOUT_VERSION: layout.LAYOUT_VERSION,
  NONE: layout.NONE,
  REASONS_MAX: layout.REASONS_MAX,
  STATES_MAX: layout.STATES_MAX,
  NAME_BYTES: layout.NAME_BYTES,
  CELLS_PER_BUCKET: layout.CELLS_PER_BUCKET,
  SLOT_BITS: layout.SLOT_BITS,
  SERVER_PRESENT: layout.SERVER_FLAG.present,
  SERVER_LEAVING: layout.SERVER_FLAG.leaving,
  SERVER_POLICY_SHIFT: layout.SERVER_POLICY_SHIFT,
  SERVICE_PRESENT: layout.SERVICE_FLAG.present,
  SERVICE_LEAVING: layout.SERVICE_FLAG.leaving,
  HOP_RESOLVED: layout.HOP_FLAG.resolved,
  HOP_USABLE: layout.HOP_FLAG.usable,
  INBOX_RECORDS,
  INSTALL_AUTHORITATIVE: INSTALL_FLAG.authoritative,
  INSTALL_CONTROLLED: INSTALL_FLAG.controlled,
  INSTALL_COUNTERS: INSTALL_FLAG.counters,
  INSTALL_SEQUENCE: INSTALL_FLAG.sequence,
  INSTALL_EXPIRED: INSTALL_FLAG.expired,
  EVENT_FROM_PEER: EVENT_FLAG.from_peer,
  EVENT_EXPIRED: EVENT_FLAG.expired,
  EVENT_CONTROLLED: EVENT_FLAG.controlled,
  EVENTS_OWN: layout.EVENTS.own,
  EVENTS_OF_PEER: layout.EVENTS.of_peer,
} as const;
const ENUMERATIONS = [
  'method',
  'scheduler',
  'removal',
  'state',
  'reason',
  'kind',
  'change',
  'install_what',
  'install_result',
] as const;

/** Something of every type, so that the compiler tells of it; macros as the values of one enumeration. */
const PROBE = `#include "index.h"
enum macros { ${Object.keys(MACROS)
  .map((name) => `THE_${name} = (int)(${name})`)
  .join(', ')} };
enum macros the_macros;
struct event the_event;
${ENUMERATIONS.map((name) => `enum ${name} the_${name};`).join('\n')}
`;

let object: BpfObjectFile;
let probe: BpfObjectFile;
const folder = mkdtempSync(join(tmpdir(), 'fairlead-layout-'));

beforeAll(() => {
  object = readBpfObject(OBJECT_PATH);
  const [source, output] = [join(folder, 'probe.c'), join(folder, 'probe.o')];
  writeFileSync(source, PROBE);
  const multiarch = spawnSync('uname', ['-m'], { encoding: 'utf8' }).stdout.trim();
  const done = spawnSync(
    process.env.CLANG ?? 'clang-14',
    [
      ...['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-I/usr/include/${multiarch}-linux-gnu`, `-I${SOURCES}`],
      ...['-c', source, '-o', output],
    ],
    { encoding: 'utf8' },
  );
  if (done.status !== 0) throw new Error(done.stderr);
  probe = readBpfObject(output);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** `D_TABLE_FULL` and the like in the order of their values, as the model spells them. */
function names(enumeration: (typeof ENUMERATIONS)[number], prefix: string): string[] {
  const values = Object.entries(probe.enumeration(enumeration));
  expect(values.map(([, value]) => value)).toEqual(values.map((_, index) => index));
  return values.map(([name]) => name.replace(prefix, '').toLowerCase().replaceAll('_', '-'));
}

/** Sizes and offsets as layout.ts writes them. */
function asWritten({ size, members }: { size: number; members: Readonly<Record<string, number>> }) {
  return { ...members, size };
}

describe('the layout that user space knows', () => {
  it.each(Object.entries(RECORDS))('has the size and offsets of struct %s', (name, written) => {
    expect(asWritten(object.record(name))).toMatchObject(written);
  });

  it('has the size and offsets of struct event, which holds a whole slot', () => {
    expect(asWritten(probe.record('event'))).toMatchObject(layout.EVENT);
    expect(layout.EVENT.size - layout.EVENT.slot).toBe(layout.SLOT.size);
  });

  it('has the numbers of the macros', () => {
    const values = probe.enumeration('macros');
    const seen = Object.fromEntries(Object.keys(MACROS).map((name) => [name, values[`THE_${name}`]]));
    expect(seen).toEqual(MACROS);
  });

  it('has room for everything that is counted by index', () => {
    expect(layout.TOTALS.dropped + layout.REASONS_MAX * 8).toBeLessThanOrEqual(layout.TOTALS.size);
    expect(DROP_REASONS.length).toBeLessThanOrEqual(layout.REASONS_MAX);
    expect(CONNECTION_STATES.length).toBeLessThanOrEqual(layout.STATES_MAX);
    expect(layout.CONTROL.timeouts_ns + layout.STATES_MAX * 8).toBeLessThanOrEqual(
      layout.CONTROL.test_now_ns,
    );
    expect(layout.BUCKET.size).toBe(layout.CELLS_PER_BUCKET * 4);
  });

  it('names the constants that the loader sets in their order', () => {
    const { members } = object.record('constants');
    expect(Object.keys(members)).toEqual(expect.arrayContaining([...layout.CONSTANTS]));
    // Tables writes them by these offsets.
    expect(members).toEqual({
      hash_key: 0,
      index_mask: 16,
      slots_max: 20,
      servers_max: 24,
      test_clock: 28,
      tick_ns: 32,
      ticks_began_ns: 40,
    });
    expect(object.section('.rodata.constants').length).toBe(48);
  });

  it('is declared alike in the object and in the header', () => {
    expect(asWritten(probe.record('slot'))).toEqual(asWritten(object.record('slot')));
  });
});

describe('the lists that user space and the packet program count by', () => {
  it('are the same for drop reasons, states, methods, schedulers and removal policies', () => {
    expect(names('reason', 'D_')).toEqual([...DROP_REASONS]);
    expect(names('state', 'S_')).toEqual(
      CONNECTION_STATES.map((state) => state.toLowerCase().replaceAll('_', '-')),
    );
    expect(names('method', 'METHOD_')).toEqual([...METHODS]);
    expect(names('scheduler', 'SCHEDULER_')).toEqual([...SCHEDULERS]);
    expect(names('removal', 'REMOVAL_')).toEqual([...REMOVAL_POLICIES]);
  });

  it('are the same for kinds of slots and for changes', () => {
    expect(names('kind', 'KIND_')).toEqual(Object.keys(layout.KIND));
    expect(Object.values(layout.KIND)).toEqual([0, 1, 2]);
    expect(names('change', 'CHANGE_')).toEqual(Object.keys(CHANGE));
  });

  it('are the same for what an inbox record asks for, and for its results', () => {
    const spelled = (written: Readonly<Record<string, number>>) =>
      Object.keys(written).map((name) => name.replaceAll('_', '-'));
    expect(names('install_what', 'INSTALL_')).toEqual(spelled(INSTALL_WHAT));
    expect(Object.values(INSTALL_WHAT)).toEqual([0, 1, 2, 3]);
    expect(names('install_result', 'R_')).toEqual(spelled(INSTALL_RESULT));
    expect(Object.values(INSTALL_RESULT)).toEqual(Object.values(INSTALL_RESULT).map((_, index) => index));
  });

  it('are the same for the states that follow each other', () => {
    // The object's table is the first thing in .rodata; strings may follow it.
    const table = tcpStateTable();
    expect([...object.section('.rodata').subarray(0, table.length)]).toEqual([...table]);
  });
});
