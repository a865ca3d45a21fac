import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { leaveRestoreNote, type RestoreNote, takeRestoreNote } from './restore-note.ts';

const NOTE: RestoreNote = {
  ...{ who: 'ann', at: 2, file: '/root/lb1.tar.gz' },
  backup: { node: 'lb1', at: 1, version: '0.1.0' },
};

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fl-note-'));
  file = path.join(folder, 'restored.json');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

it('is told once, and stays until it was', () => {
  leaveRestoreNote(folder, NOTE);
  const failing = () => {
    throw new Error('killed meanwhile');
  };
  expect(() => takeRestoreNote(folder, failing)).toThrow('killed');
  const told: RestoreNote[] = [];
  for (let starts = 0; starts < 2; starts++) takeRestoreNote(folder, (note) => told.push(note));
  expect(told).toEqual([NOTE]);
  expect(fs.readdirSync(folder)).toEqual([]);
});

it.each(['', '{}', 'null', '{"who":', JSON.stringify({ ...NOTE, more: 1 }), 'x'.repeat(20_000), '\u0000'])(
  'stops nobody, whatever became of it: %j',
  (text) => {
    fs.writeFileSync(file, text);
    takeRestoreNote(folder, () => expect.fail('told'));
    expect(fs.existsSync(file)).toBe(false);
  },
);
