import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORD_TYPES, type RecordType, readAnswer, writeQuestion } from './dns-packet.ts';

const ID = 0x1234;
const NAME = 'www.example';

interface Parts {
  readonly flags?: number;
  readonly answers?: number;
  readonly type?: RecordType;
  readonly records?: readonly number[];
}

/** An answer to the question for NAME: the question itself with a response's header, then records. */
function answer({ flags = 0x8180, answers = 1, type = 'A', records = [] }: Parts): Buffer {
  const bytes = Buffer.concat([writeQuestion(ID, NAME, type), Buffer.from(records)]);
  bytes.writeUInt16BE(flags, 2);
  bytes.writeUInt16BE(answers, 6);
  return bytes;
}

/** A record whose name points at the question's. */
function record(type: RecordType, data: readonly number[]): number[] {
  return [0xc0, 12, 0, RECORD_TYPES[type], 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255, ...data];
}

function text(type: RecordType, data: readonly number[]): string | undefined {
  const message = readAnswer(answer({ type, records: record(type, data) }), ID, NAME, type);
  return message.kind === 'answer' ? message.answers[0]?.text : JSON.stringify(message);
}

const ascii = (word: string): number[] => [word.length, ...Buffer.from(word)];

describe('a DNS answer', () => {
  it('is read as text, by the type of its records', () => {
    const mail = [...ascii('mail'), 0xc0, 12];
    expect(text('A', [192, 0, 2, 7])).toBe('192.0.2.7');
    expect(text('AAAA', [0xfd, ...Array(14).fill(0), 1])).toBe('fd00::1');
    expect(text('NS', mail)).toBe('mail.www.example');
    expect(text('CNAME', [0])).toBe('.');
    expect(text('PTR', [...ascii('a.b c'), 0])).toBe('a\\046b\\032c');
    expect(text('MX', [0, 10, ...mail])).toBe('10 mail.www.example');
    expect(text('SRV', [0, 1, 0, 2, 0x14, 0x6c, ...mail])).toBe('1 2 5228 mail.www.example');
    expect(text('TXT', [...ascii('v=spf1 '), ...ascii('-all')])).toBe('v=spf1 -all');
    const numbers = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5];
    expect(text('SOA', [...mail, 0xc0, 12, ...numbers])).toBe('mail.www.example www.example 1 2 3 4 5');
  });

  it.each([
    ['of another id', answer({}), ID + 1, NAME],
    ['that is a question', answer({ flags: 0x0100 }), ID, NAME],
    ['to another question', answer({}), ID, 'www.elsewhere'],
    ['of less than a header', answer({}).subarray(0, 11), ID, NAME],
  ])('is foreign if it is one %s', (_, bytes, id, name) => {
    expect(readAnswer(bytes, id, name, 'A').kind).toBe('foreign');
  });

  it('takes names for equal whatever their case and final dot', () => {
    expect(readAnswer(answer({ answers: 0 }), ID, 'WWW.Example.', 'A').kind).toBe('answer');
  });

  it('names the response code, and takes an error without its question', () => {
    expect(readAnswer(answer({ flags: 0x8183, answers: 0 }), ID, NAME, 'A')).toMatchObject({
      rcode: 'NXDOMAIN',
    });
    const bare = Buffer.from([0x12, 0x34, 0x81, 0x85, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(readAnswer(bare, ID, NAME, 'A')).toMatchObject({ kind: 'answer', rcode: 'REFUSED', answers: [] });
  });

  it.each<[string, Parts, RegExp]>([
    ['a pointer to itself', { type: 'CNAME', records: record('CNAME', [0xc0, 41]) }, /loops/],
    ['a pointer forwards', { type: 'CNAME', records: record('CNAME', [0xc0, 200]) }, /loops/],
    [
      'two pointers at each other',
      { type: 'CNAME', records: record('CNAME', [0xc0, 43, 0xc0, 41]) },
      /loops/,
    ],
    ['more records than it has', { answers: 2, records: record('A', [1, 2, 3, 4]) }, /cut off/],
    ['a label that is cut off', { type: 'NS', records: record('NS', [60, 1, 2]) }, /cut off/],
    ['a label of unknown kind', { type: 'NS', records: record('NS', [0x80, 0]) }, /unknown kind/],
    ['an address of three bytes', { records: record('A', [1, 2, 3]) }, /cut off/],
    [
      'a text longer than its record',
      { type: 'TXT', records: [...record('TXT', [5, 65]), 1, 2, 3, 4] },
      /longer than/,
    ],
    [
      'a name of 300 bytes',
      { type: 'NS', records: record('NS', [...Array(30).fill(ascii('123456789')).flat(), 0]) },
      /255/,
    ],
  ])('is malformed if it has %s', (_, parts, problem) => {
    const message = readAnswer(answer(parts), ID, NAME, parts.type ?? 'A');
    expect(message).toMatchObject({ kind: 'malformed', problem: expect.stringMatching(problem) });
  });

  it('bounds the pointers that a name may follow', () => {
    const chain = Array.from({ length: 40 }, (_, index) => [
      0xc0,
      index === 0 ? 12 : 41 + 2 * (index - 1),
    ]).flat();
    const message = readAnswer(
      answer({ answers: 2, type: 'TXT', records: [...record('TXT', [79, ...chain.slice(1), 0]), 0xc0, 118] }),
      ID,
      NAME,
      'TXT',
    );
    expect(message.kind).toBe('malformed');
  });

  it('is read without failing, whatever its bytes', () => {
    const types = fc.constantFrom(...(Object.keys(RECORD_TYPES) as RecordType[]));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), types, fc.nat({ max: 9 }), (records, type, answers) => {
        readAnswer(answer({ type, answers, records: [...records] }), ID, NAME, type);
        readAnswer(answer({ type, answers, records: record(type, [...records]) }), ID, NAME, type);
        readAnswer(records, ID, NAME, type);
      }),
    );
  });
});

describe('a DNS question', () => {
  it('carries id, recursion desired, name, type and class', () => {
    const bytes = writeQuestion(ID, 'a.bc.', 'MX');
    expect([...bytes]).toEqual([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 2, 98, 99, 0, 0, 15, 0, 1]);
    expect(writeQuestion(1, '.', 'NS').length).toBe(17);
  });

  it.each(['', 'a..b', 'sp ace', 'ümlaut.example', `${'x'.repeat(64)}.example`, 'abcdefghi.'.repeat(26)])(
    'cannot be asked for %j',
    (name) => expect(() => writeQuestion(1, name, 'A')).toThrow(RangeError),
  );
});
