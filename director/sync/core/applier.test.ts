// What an authentic datagram may hold without harm: the peer may be of another version, or broken.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Applier } from './applier.ts';
import { OPERATION, RECORD_BYTES_MAX, RECORD_FLAG, writeRecord } from './record.ts';
import { ESTABLISHED, MemoryTable, slotOf } from './support/memory-table.ts';

const ENDS = { client: 1, client_port: 2, server: 3 };

function applier() {
  const table = new MemoryTable(100);
  return { table, applier: new Applier(table, { upserted() {}, control() {} }) };
}

function record(operation: number, flags = 0, server = 3): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES_MAX);
  const words = slotOf({ ...ENDS, server }, ESTABLISHED);
  const end = writeRecord(new DataView(bytes.buffer), 0, words, 0, words[0]!, operation, flags, 60_000);
  return bytes.subarray(0, end);
}

describe('records of a batch', () => {
  it('are applied up to the first one that is none, which is counted', () => {
    const { table, applier: applies } = applier();
    const good = record(OPERATION.created);
    const batch = new Uint8Array([...good, 6, 6, 6]);
    applies.apply(batch, 2, true);
    table.install();
    expect(table.index.size).toBe(1);
    expect(applies.rejected).toEqual({ 'record-operation': 1 });
    applies.apply(good, 5, true);
    expect(applies.rejected).toEqual({ 'record-operation': 1, 'record-count': 1 });
  });

  it('may be any bytes', () => {
    const { table, applier: applies } = applier();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_300 }), fc.boolean(), (bytes, authoritative) => {
        applies.apply(bytes, 1, authoritative);
        table.install();
      }),
      { numRuns: 2_000 },
    );
    expect(Object.keys(applies.rejected).length).toBeGreaterThan(2);
  });

  it('end or redirect nothing unless the sender has authority; an end by time ends what is over here too', () => {
    const { table, applier: applies } = applier();
    table.open(ENDS);
    const before = table.dump();
    applies.apply(record(OPERATION.closed), 1, false);
    applies.apply(record(OPERATION.closed, RECORD_FLAG.expired), 1, false);
    applies.apply(record(OPERATION.created, 0, 9), 1, false);
    table.install();
    expect(table.dump()).toEqual(before);
    expect(applies.rejected).toEqual({ 'not-authority': 1 });
    applies.apply(record(OPERATION.created, 0, 9), 1, true);
    table.install();
    expect(table.dump()).not.toEqual(before);
    applies.apply(record(OPERATION.closed, 0, 9), 1, true);
    table.install();
    expect(table.index.size).toBe(0);
  });
});
