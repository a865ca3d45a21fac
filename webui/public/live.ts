// Keeps a page alive: cells are patched in place as the server sends them, times go on, and what is no longer fresh says
// so. The page is never reloaded under somebody's hands. Everything works without this, by reloading.
import { ago } from './ago.ts';

const STALE_MS = 3_000;
const STEP_MS = 1_000;

type CellMessage = readonly [text: string, tone?: string, title?: string];
interface Tick {
  readonly at: number;
  readonly cells: Readonly<Record<string, CellMessage>>;
}
interface Trouble {
  readonly since?: number;
  readonly detail: string;
  readonly remedy?: string;
}

const body = document.body;
const banner = document.getElementById('stale');
const tickText = document.getElementById('tick');
let heardAt = Date.now();
let trouble: Trouble | undefined;
let source: EventSource | undefined;
/** Server's clock minus ours, so that "5s ago" is right on a machine whose clock is wrong. */
let skew_ms = 0;

function patch(cells: Tick['cells']): void {
  for (const [key, [text, tone = '', title = '']] of Object.entries(cells))
    for (const element of document.querySelectorAll(`[data-live="${CSS.escape(key)}"]`)) {
      if (element.textContent !== text) element.textContent = text;
      element.className = tone === '' ? 'cell' : `cell ${tone}`;
      if (title === '') element.removeAttribute('title');
      else element.setAttribute('title', title);
    }
}

function hear(event: MessageEvent<string>): void {
  const tick = JSON.parse(event.data) as Tick;
  heardAt = Date.now();
  skew_ms = tick.at - heardAt;
  trouble = undefined;
  patch(tick.cells);
  document.dispatchEvent(new CustomEvent('fairlead-tick', { detail: tick }));
}

function connect(): void {
  if (source !== undefined || document.hidden || body.dataset.stream === undefined) return;
  const services = body.dataset.services;
  const query = services === undefined ? '' : `?services=${encodeURIComponent(services)}`;
  source = new EventSource(body.dataset.stream + query);
  source.onmessage = hear;
  source.addEventListener('trouble', (event) => {
    trouble = JSON.parse((event as MessageEvent<string>).data) as Trouble;
  });
  source.addEventListener('shape', offerReload);
  source.addEventListener('login', () => location.reload());
}

/** Of the few connections that a browser has for a host, pages that nobody sees take none. */
function disconnect(): void {
  source?.close();
  source = undefined;
}

/** Rows have come or gone. Nobody's typing is thrown away for that. */
function offerReload(): void {
  const active = document.activeElement;
  const busy =
    active instanceof HTMLInputElement ||
    active instanceof HTMLTextAreaElement ||
    active instanceof HTMLSelectElement ||
    document.querySelector('dialog[open], details[open] form, input:checked, textarea[name]') !== null;
  if (!busy) {
    location.reload();
    return;
  }
  if (document.getElementById('shape') !== null) return;
  const note = document.createElement('p');
  note.id = 'shape';
  note.className = 'banner warn';
  note.textContent = 'Services or servers have come or gone. ';
  const link = document.createElement('a');
  link.href = location.href;
  link.textContent = 'Show them';
  note.append(link);
  document.getElementById('main')?.prepend(note);
}

function freshen(): void {
  const now = Date.now();
  const late = body.dataset.stream !== undefined && !document.hidden && now - heardAt > STALE_MS;
  body.classList.toggle('is-stale', late || trouble !== undefined);
  if (banner !== null) {
    banner.hidden = !late && trouble === undefined;
    if (!banner.hidden)
      banner.textContent =
        trouble === undefined
          ? `Nothing new from the console: last update ${ago(now - heardAt)}. What is shown may be wrong.`
          : `The director does not answer: ${trouble.detail} Last update ${trouble.since === undefined ? 'never' : ago(now + skew_ms - trouble.since)}. ${trouble.remedy ?? ''}`;
  }
  for (const hint of document.querySelectorAll<HTMLElement>('[data-trouble]'))
    hint.hidden = trouble === undefined && !late;
  for (const element of document.querySelectorAll('time')) {
    const at = Date.parse(element.dateTime);
    if (!Number.isNaN(at)) element.textContent = ago(now + skew_ms - at);
  }
  if (tickText !== null && source !== undefined) tickText.textContent = `live, ${ago(now - heardAt)}`;
}

/** Forms are sent without leaving the page where they ask for it; the answer says where to go or what was wrong. */
async function submit(event: SubmitEvent): Promise<void> {
  const form = event.target as HTMLFormElement;
  if (form.dataset.inPlace === undefined || event.defaultPrevented) return;
  event.preventDefault();
  const button = event.submitter as HTMLButtonElement | null;
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form, button)) fields.append(name, String(value));
  if (button !== null) button.disabled = true;
  try {
    const response = await fetch(button?.formAction || form.action, {
      method: 'POST',
      body: fields,
      headers: { accept: 'application/json' },
    });
    const answer = (await response.json()) as {
      flash?: { tone: string; text: string; remedy?: string };
      to?: string;
    };
    if (answer.flash !== undefined) toast(answer.flash);
    else if (answer.to !== undefined) location.assign(answer.to);
    if (response.ok)
      for (const box of form.querySelectorAll<HTMLInputElement>('input:checked')) box.checked = false;
  } catch {
    toast({ tone: 'bad', text: 'The console does not answer; nothing is known of what became of it.' });
  } finally {
    if (button !== null) button.disabled = false;
  }
}

function toast({ tone, text, remedy }: { tone: string; text: string; remedy?: string }): void {
  document.getElementById('toast')?.remove();
  const note = document.createElement('p');
  note.id = 'toast';
  note.className = `banner toast ${tone}`;
  note.setAttribute('role', tone === 'bad' ? 'alert' : 'status');
  note.textContent = remedy === undefined ? text : `${text} ${remedy}`;
  body.append(note);
  if (tone === 'good') setTimeout(() => note.remove(), 6_000);
  else note.addEventListener('click', () => note.remove());
}

document.addEventListener('submit', (event) => void submit(event));
document.addEventListener('visibilitychange', () => {
  if (document.hidden) disconnect();
  else {
    heardAt = Date.now();
    connect();
  }
});
addEventListener('pagehide', disconnect);
connect();
freshen();
setInterval(freshen, STEP_MS);
