// What somebody wrote for a long time and sent when their session had ended: given back to them, as it is nowhere else.
import { type Html, html } from './html.ts';

export function keptText(text: string, to: string): Html {
  return html`<p class="banner bad" role="alert"><strong>▼ Nothing was done: your session has ended.</strong> Your text is below. Log in in another window, then send it from there; this page is all that has it.</p>
<p><a href="/login?to=${encodeURIComponent(to)}" target="_blank" rel="noopener">Log in in another window</a></p>
<label class="field" for="kept">Your text</label>
<textarea class="code" id="kept" readonly wrap="off" rows="24">
${text}</textarea>`;
}
