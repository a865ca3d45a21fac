// The configuration of a pair: changed on either console, done by the active, and told whether the peer has it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../cli/support/instance.ts';
import { PairConsoles } from './support/pair-consoles.ts';
import type { Visitor } from './support/site.ts';

let pair: PairConsoles;
let standby: Visitor;

const field = (page: string, name: string): string =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '';

beforeAll(async () => {
  pair = await PairConsoles.open();
  await pair.settle();
  standby = await pair.visit(pair.site.lb2);
});
afterAll(() => pair[Symbol.asyncDispose]());

describe('on the standby’s console', () => {
  it('a change is reviewed and applied by the active, and comes back from there', async () => {
    const { lb1, lb2 } = pair.site;
    const { text } = await standby.get('/configuration.yaml');
    const editor = await standby.get('/configuration/edit');
    const fields = { text: `${text}# from the standby\n`, base: field(editor.text, 'base') };
    const review = await standby.post('/configuration/diff', fields);
    expect(review.text).toContain('<ins># from the standby</ins>');
    const applied = await standby.submit('/configuration/apply', { ...fields, comment: 'here' });
    expect(applied.text).toContain('is in force');
    const { revision } = await lb1.client.call('status');
    expect(revision).toMatchObject({ author: 'admin', comment: 'here' });
    await until(async () => (await lb2.client.call('status')).revision.number === revision.number);
    expect((await standby.get('/configuration.yaml')).text).toBe(fields.text);
  });

  it('a text that began before the active’s latest change is kept and shown beside it', async () => {
    const { lb1 } = pair.site;
    const { text } = await standby.get('/configuration.yaml');
    const editor = await standby.get('/configuration/edit');
    await lb1.client.call('apply', { body: `# theirs\n${text}`, ifMatch: '*' });
    const mine = { text: `${text}# mine\n`, base: field(editor.text, 'base') };
    const stale = await standby.post('/configuration/apply', mine);
    expect(stale.status).toBe(412);
    expect(stale.text).toContain('# mine');
    await until(async () => (await standby.get('/configuration.yaml')).text.includes('# theirs'));
    const later = await standby.post('/configuration/apply', mine);
    expect(later.text).toContain('<ins># theirs</ins>');
    expect(later.text).toContain('they fit together');
  });
});
