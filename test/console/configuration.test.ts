// The configuration over the real console: read, edited, validated, reviewed, applied, rolled back, and what becomes of a
// text when somebody else was faster.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configurationText, until } from '../cli/support/instance.ts';
import { ConsoleSite, type Visitor } from './support/site.ts';

let site: ConsoleSite;
let admin: Visitor;
let text: string;

const more = (extra: string): string => `${text}${extra}`;
const revision = async (): Promise<number> => (await site.instance.client.call('status')).revision.number;
const base = (page: string): string => /name="base" value="(\d+)"/.exec(page)?.[1] ?? '';
/** What the page's text area holds. */
const carried = (page: string): string =>
  (/<textarea[^>]* name="text"[^>]*>\n([^<]*)<\/textarea>/.exec(page)?.[1] ?? '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&');

beforeAll(async () => {
  site = await ConsoleSite.open();
  admin = await site.visitor();
  text = configurationText({ servers: { rs1: site.reals[0].port, rs2: site.reals[1].port } });
});
afterAll(() => site[Symbol.asyncDispose]());

describe('the configuration', () => {
  it('is shown with numbered lines, where it came from, and as a file', async () => {
    const page = await admin.get('/configuration');
    expect(page.status).toBe(200);
    expect(page.text).toContain('id="L1"');
    expect(page.text).toContain('cluster: web');
    expect(page.text).toContain('there is no peer');
    const file = await admin.get('/configuration.yaml');
    expect(file.text).toBe(text);
    expect(file.headers['content-disposition']).toContain(`web-revision-${await revision()}.yaml`);
    expect((await admin.get('/configuration/revisions/1.yaml')).text).toBe(text);
  });

  it('is edited, validated with every problem at its place, reviewed and applied', async () => {
    const editor = await admin.get('/configuration/edit');
    expect(carried(editor.text)).toBe(text);
    const bad = text.replace('scheduler: wlc', 'scheduler: fastest').replaceAll('\n', '\r\n');
    const checked = await admin.post('/configuration/check', { text: bad, base: base(editor.text) });
    const line = text.split('\n').findIndex((each) => each.includes('scheduler')) + 1;
    expect(checked.text).toContain(`href="#L${line}"`);
    expect(checked.text).toContain(`<tr id="L${line}" class="noted bad">`);
    expect(carried(checked.text)).toContain('scheduler: fastest');

    const refused = await admin.post('/configuration/diff', { text: bad, base: base(checked.text) });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('Nothing was applied.');
    expect(refused.text).toContain(`href="#L${line}"`);
    expect(carried(refused.text)).toContain('scheduler: fastest');

    const good = text.replace('scheduler: wlc', 'scheduler: rr').replaceAll('\n', '\r\n');
    const review = await admin.post('/configuration/diff', { text: good, base: base(checked.text) });
    expect(review.status).toBe(200);
    expect(review.text).toContain('<del>    scheduler: <mark>wlc</mark></del>');
    expect(review.text).toContain('<ins>    scheduler: <mark>rr</mark></ins>');
    expect(review.text).toContain('1 line removed');
    const before = await revision();
    const applied = await admin.submit('/configuration/apply', {
      text: carried(review.text),
      base: base(review.text),
      comment: 'shorter <b>queues</b>',
    });
    expect(applied.text).toContain(`Revision ${before + 1} is in force`);
    expect(applied.text).toContain('shorter &lt;b&gt;queues&lt;/b&gt;');
    expect(await revision()).toBe(before + 1);
    expect((await admin.get('/configuration.yaml')).text).toBe(
      text.replace('scheduler: wlc', 'scheduler: rr'),
    );
  });

  it('says so when nothing differs', async () => {
    const editor = await admin.get('/configuration/edit');
    const same = { text: carried(editor.text), base: base(editor.text) };
    expect((await admin.post('/configuration/diff', same)).text).toContain('nothing to apply');
  });

  it('is never taken from an edit that is stale: what changed is shown, the text kept and put on top', async () => {
    const editor = await admin.get('/configuration/edit');
    const [began, present] = [base(editor.text), carried(editor.text)];
    const theirs = present.replace('rise: 1', 'rise: 2');
    await site.instance.client.call('apply', {
      body: theirs,
      query: { comment: 'slower to <trust>' },
      ifMatch: '*',
    });
    const mine = `${present}\n# mine "&<'\n`;
    for (const target of ['/configuration/diff', '/configuration/apply']) {
      const stale = await admin.post(target, { text: mine, base: began });
      expect([target, stale.status]).toEqual([target, 412]);
      expect(stale.text).toContain('by test,');
      expect(stale.text).toContain('slower to &lt;trust&gt;');
      expect(stale.text).toMatch(/<ins>[^<]*rise: <mark>2/);
      expect(stale.text).toContain('# mine &quot;&amp;&lt;');
    }
    expect((await admin.get('/configuration.yaml')).text).toBe(theirs);
    const stale = await admin.post('/configuration/apply', { text: mine, base: began });
    const onTop = carried(stale.text);
    expect(onTop).toBe(mine.replace('rise: 1', 'rise: 2'));
    const again = await admin.post('/configuration/edit', { text: onTop, base: base(stale.text) });
    const fields = { text: carried(again.text), base: base(again.text) };
    expect((await admin.submit('/configuration/apply', fields)).text).toContain('is in force');
    expect((await admin.get('/configuration.yaml')).text).toBe(onTop);
  });

  it('says where both changed the same, and guesses nothing', async () => {
    const editor = await admin.get('/configuration/edit');
    const [began, present] = [base(editor.text), carried(editor.text)];
    const change = (value: string): string => present.replace('fall: 2', `fall: ${value}`);
    await site.instance.client.call('apply', { body: change('3'), ifMatch: '*' });
    const stale = await admin.post('/configuration/apply', { text: change('4'), base: began });
    expect(stale.text).toContain('Both of you changed the same place');
    expect(carried(stale.text)).toBe(change('4'));
    expect(base(stale.text)).toBe(String(await revision()));
  });

  it('goes back to an older revision, after the differences were shown', async () => {
    const list = await admin.get('/configuration/revisions');
    expect(list.text).toContain('shorter &lt;b&gt;queues&lt;/b&gt;');
    expect(list.text).toContain('/configuration/revisions/1/rollback');
    const look = await admin.get('/configuration/revisions/1/rollback');
    expect(look.text).toContain('<ins>    scheduler: <mark>wlc</mark></ins>');
    const old = String((await revision()) - 1);
    const late = await admin.submit('/configuration/rollback', { revision: '1', base: old });
    expect(late.text).toContain('Nothing was done: another configuration came into force meanwhile.');
    const done = await admin.submit('/configuration/rollback', { revision: '1', base: base(look.text) });
    expect(done.text).toContain('back to revision 1');
    expect((await admin.get('/configuration.yaml')).text).toBe(text);
    expect((await admin.get('/configuration/revisions/1/rollback')).text).toContain('nothing to roll back');
  });

  it('shows the differences between any two revisions', async () => {
    const diff = await admin.get('/configuration/diff?from=1&to=2');
    expect(diff.text).toContain('<del>    scheduler: <mark>wlc</mark></del>');
    for (const query of ['?from=1', '?from=1&to=99', '?from=a&to=1', '?from=1&to=-1'])
      expect((await admin.get(`/configuration/diff${query}`)).status).toBe(404);
  });

  it('leads whoever loads the address of a step again to where that begins', async () => {
    for (const [target, to] of [
      ['check', 'edit'],
      ['apply', 'edit'],
      ['diff', 'revisions'],
      ['rollback', 'revisions'],
    ])
      expect((await admin.get(`/configuration/${target}`)).to).toBe(`/configuration/${to}`);
  });

  it('may be 4 MiB: shown by windows, edited, compared, and never lost', async () => {
    const long = more(`${'# a line that only makes the text long\n'.repeat(100_000)}`);
    const review = await admin.post('/configuration/diff', { text: long, base: String(await revision()) });
    expect(review.status).toBe(200);
    expect(review.text).toContain('+ 100000 lines added');
    expect(review.text).toContain('Cut: 98000 changed lines more');
    expect(carried(review.text)).toBe(long);
    await admin.submit('/configuration/apply', { text: long, base: base(review.text) });
    const page = await admin.get('/configuration?line=50000');
    expect(page.text).toContain('id="L50000"');
    expect(page.text.length).toBeLessThan(500_000);
    const larger = `${long}${'#\n'.repeat(300_000)}`;
    const again = async () =>
      admin.post('/configuration/diff', { text: larger, base: String(await revision()) });
    let refused = await again();
    // While the director takes in the one before, it may have no time for questions.
    await until(async () => {
      if (refused.status === 503) refused = await again();
      return refused.status !== 503;
    }, 60_000);
    expect(refused.status).toBe(413);
    expect(carried(refused.text)).toBe(larger);
    await site.instance.client.call('rollback', { body: { revision: 1 }, ifMatch: '*' });
  });

  it('comes back to whom it was written by when their session has ended meanwhile', async () => {
    const other = await site.visitor();
    await other.get('/configuration/edit');
    other.setCookie('__Host-fairlead', 'gone');
    const answer = await other.post('/configuration/apply', { text: '# <mine>\n', base: '1' });
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('# &lt;mine&gt;');
    const elsewhere = { origin: 'https://evil.example' };
    const foreign = await other.post('/configuration/apply', { text: '# <mine>\n' }, elsewhere);
    expect([foreign.status, foreign.text.includes('mine')]).toEqual([403, false]);
  });

  it('opens to each role what it may, and links no further', async () => {
    const viewer = await site.visitor('viewer');
    expect((await viewer.get('/')).text).not.toContain('href="/configuration"');
    for (const target of ['', '.yaml', '/edit', '/revisions', '/revisions/1', '/revisions/1.yaml'])
      expect([target, (await viewer.get(`/configuration${target}`)).status]).toEqual([target, 403]);
    const operator = await site.visitor('operator');
    const page = await operator.get('/configuration');
    expect(page.status).toBe(200);
    expect(page.text).toContain('Applying takes the role admin.');
    expect((await operator.get('/configuration/revisions')).text).not.toContain('rollback');
    const fields = { text: more('# no\n'), base: String(await revision()) };
    expect((await operator.post('/configuration/check', fields)).text).toContain(
      'The text is valid, with a warning.',
    );
    for (const target of ['diff', 'apply'])
      expect((await operator.post(`/configuration/${target}`, fields)).status).toBe(403);
    expect((await operator.get('/configuration/revisions/1/rollback')).status).toBe(403);
    expect((await operator.post('/configuration/rollback', { revision: '1', base: '1' })).status).toBe(403);
  });
});
