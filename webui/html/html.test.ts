import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, NOTHING, when } from './html.ts';

describe('the template', () => {
  it('escapes whatever is no HTML of its own, in text and in attributes', () => {
    const name = `<img src=x onerror="alert('1')">&\``;
    expect(html`<p title="${name}">${name}</p>`.text).toBe(
      '<p title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;&#96;">&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;&#96;</p>',
    );
  });

  it('takes HTML as it is, lists one after another, and nothing for nothing', () => {
    expect(
      html`<b>${html`<i>${'&'}</i>`}${[1, html`<u>`, null, undefined, false, '<']}${NOTHING}</b>`.text,
    ).toBe('<b><i>&amp;</i>1<u>&lt;</b>');
    expect(html`<input${when(true, 'checked')}${when(false, 'disabled')}>`.text).toBe('<input checked>');
  });

  it('is not taken in by objects that look like its own', () => {
    const forged = { text: '<script>' } as never;
    expect(() => html`${forged}`.text).toThrow();
  });

  it('never lets markup out of a text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(html`${text}`.text).not.toMatch(/[<>"'`]/);
      }),
    );
  });
});
