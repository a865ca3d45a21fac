import { expect, it } from 'vitest';
import { Notices } from './notices.ts';

it('records what is wrong once, and again for another reason or after it was over', () => {
  const records: string[] = [];
  const notices = new Notices((event, subject, reason) => records.push(`${event} ${subject} ${reason}`));
  notices.once('failed', 'a', 'x');
  notices.once('failed', 'a', 'x');
  notices.once('failed', 'b', 'x');
  notices.once('failed', 'a', 'y');
  notices.over('failed', 'a');
  notices.over('failed', 'never');
  notices.once('failed', 'a', 'y');
  expect(records).toEqual(['failed a x', 'failed b x', 'failed a y', 'failed a y']);
});
