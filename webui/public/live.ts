// Keeps a page alive: cells are patched in place as the server sends them, times go on, and what is no longer fresh says
// so. The page is never reloaded under somebody's hands. Everything works without this, by reloading.
import { ago } from './ago.ts';

const STALE_MS = 2_500;
const STEP_MS = 1_000;

type CellMessage = readonly [text: string, tone?: string, title?: string, at?: number];
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
/** Until then the page says itself what is wrong. */
let heard = false;
let trouble: Trouble | undefined;
let source: EventSource | undefined;
/** Server's clock minus ours, so that "5s ago" is right on a machine whose clock is wrong. */
let skew_ms = 0;

/** Key -> its elements: rows and cells are drawn by the server alone, so they are looked for once. */
let index: Map<string, HTMLElement[]> | undefined;

function indexed(): Map<string, HTMLElement[]> {
  const found = new Map<string, HTMLElement[]>();
  for (const element of document.querySelectorAll<HTMLElement>('[data-live]')) {
    const key = element.dataset.live ?? '';
    const others = found.get(key);
    if (others === undefined) found.set(key, [element]);
    else others.push(element);
  }
  return found;
}

function patch(cells: Tick['cells']): void {
  index ??= indexed();
  for (const [key, message] of Object.entries(cells)) {
    if (key.endsWith('.row')) patchRow(key.slice(0, -'.row'.length), message[0]);
    for (const element of index.get(key) ?? []) patchCell(element, message);
  }
}

function patchCell(element: HTMLElement, [text, tone = '', title = '', at]: CellMessage): void {
  if (at !== undefined) {
    const time = document.createElement('time');
    time.dateTime = new Date(at).toISOString();
    time.title = `${time.dateTime.slice(0, 19).replace('T', ' ')} UTC`;
    time.textContent = ago(Date.now() + skew_ms - at);
    element.replaceChildren(`${text} `, time);
  } else if (element.textContent !== text) element.textContent = text;
  element.className = tone === '' ? 'cell' : `cell ${tone}`;
  if (title === '') element.removeAttribute('title');
  else element.setAttribute('title', title);
}

/** Classes of a row, and what is offered in it: `data-when` names the states in which it makes sense. */
function patchRow(subject: string, classes: string): void {
  const row = document.getElementById(`row:${subject}`);
  if (row === null) return;
  const here = row.classList.contains('is-here');
  row.className = here ? `${classes} is-here` : classes;
  for (const offer of row.querySelectorAll<HTMLElement>('[data-when]'))
    offer.hidden = !(offer.dataset.when ?? '')
      .split(' ')
      .some((state) => row.classList.contains(`is-${state}`));
}

function hear(event: MessageEvent<string>): void {
  const tick = JSON.parse(event.data) as Tick;
  heardAt = Date.now();
  skew_ms = tick.at - heardAt;
  heard = true;
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
    freshen();
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
    document.querySelector('dialog[open], details[open] form, input:checked') !== null;
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
  if (heard || late || trouble !== undefined)
    body.classList.toggle('is-stale', late || trouble !== undefined);
  if (banner !== null) {
    banner.hidden = !late && trouble === undefined;
    if (!banner.hidden)
      banner.textContent =
        trouble === undefined
          ? `Nothing new from the console: last update ${ago(now - heardAt)}. What is shown may be wrong.`
          : `The director does not answer: ${trouble.detail} Last update ${trouble.since === undefined ? 'never' : ago(now + skew_ms - trouble.since)}. ${trouble.remedy ?? ''}`;
  }
  for (const hint of document.querySelectorAll<HTMLElement>('[data-trouble]')) hint.hidden = heard;
  for (const element of document.querySelectorAll('time')) {
    const at = Date.parse(element.dateTime);
    if (Number.isNaN(at)) continue;
    const text = ago(now + skew_ms - at);
    if (element.textContent !== text) element.textContent = text;
  }
  if (tickText !== null && source !== undefined) tickText.textContent = `live, ${ago(now - heardAt)}`;
}

/** Forms are sent without leaving the page where they ask for it; the answer says where to go or what was wrong. */
async function submit(event: SubmitEvent): Promise<void> {
  const form = event.target as HTMLFormElement;
  const button = event.submitter as HTMLButtonElement | null;
  // Buttons that lead to another page do so, whatever the form's others do.
  if (form.dataset.inPlace === undefined || button?.dataset.page !== undefined || event.defaultPrevented)
    return;
  event.preventDefault();
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form, button)) fields.append(name, String(value));
  if (button !== null) button.disabled = true;
  try {
    // A button without an address of its own gives the page's (HTML, dom-fs-formaction), which takes no forms.
    const to = button?.hasAttribute('formaction') === true ? button.formAction : form.action;
    const response = await fetch(to, {
      method: 'POST',
      body: fields,
      headers: { accept: 'application/json' },
    });
    const answer = (await response.json()) as { flash?: Flash; to?: string };
    if (answer.flash !== undefined) toast(answer.flash);
    else if (answer.to !== undefined) location.assign(answer.to);
    if (response.ok) clear(form);
  } catch {
    toast({ tone: 'bad', text: 'The console does not answer; nothing is known of what became of it.' });
  } finally {
    if (button !== null) button.disabled = false;
  }
}

/** What was ticked and opened for it has served its purpose. */
function clear(form: HTMLFormElement): void {
  for (const element of form.elements)
    if (element instanceof HTMLInputElement && element.type === 'checkbox') element.checked = false;
  form.closest('details')?.removeAttribute('open');
  form.dispatchEvent(new Event('change', { bubbles: true }));
}

interface Flash {
  readonly tone: string;
  readonly text: string;
  readonly remedy?: string;
  readonly items?: readonly string[];
  readonly link?: { readonly to: string; readonly text: string };
}

function toast({ tone, text, remedy, items = [], link }: Flash): void {
  document.getElementById('toast')?.remove();
  const note = document.createElement('div');
  note.id = 'toast';
  note.className = `banner toast ${tone}`;
  note.setAttribute('role', tone === 'bad' ? 'alert' : 'status');
  note.append(text);
  if (items.length > 0) {
    const list = document.createElement('ul');
    for (const item of items) list.appendChild(document.createElement('li')).textContent = item;
    note.append(list);
  }
  if (remedy !== undefined) note.append(` ${remedy}`);
  if (link !== undefined) {
    const anchor = document.createElement('a');
    anchor.href = link.to;
    anchor.textContent = link.text;
    note.append(' ', anchor);
  }
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
