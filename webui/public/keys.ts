// The keyboard: filter, rows, actions, pages, help. A key is what the page offers under it (`data-key`), so that this file
// knows no page. Nothing happens while somebody types, and nothing that Tab, Enter and Space could not do as well.

const HELP = [
  ['/', 'to the filter'],
  ['j', 'next row'],
  ['k', 'row before'],
  ['x', 'select or deselect the row'],
  ['d', 'drain: the row, or what is selected'],
  ['e', 'enable: the row, or what is selected'],
  ['?', 'this help'],
  ['Esc', 'close, leave the field'],
] as const;
/** For the second key after `g`. */
const WAIT_MS = 1_500;

let goUntil = 0;

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  if (target instanceof HTMLElement && target.isContentEditable) return true;
  return (
    target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit'].includes(target.type)
  );
}

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('tr[id^="row:"]')].filter(
    (row) => row.offsetParent !== null,
  );
}

function here(): HTMLElement | null {
  const row = document.querySelector<HTMLElement>('tr.is-here');
  return row !== null && row.offsetParent !== null ? row : null;
}

function move(by: number): void {
  const all = rows();
  const present = here();
  const at = present === null ? (by > 0 ? -1 : all.length) : all.indexOf(present);
  const next = all[Math.max(0, Math.min(all.length - 1, at + by))];
  if (next === undefined) return;
  present?.classList.remove('is-here');
  next.classList.add('is-here');
  next.querySelector<HTMLElement>('a')?.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
}

/** Something in the row where one is comes before something of the whole page. */
function offered(key: string): HTMLElement | undefined {
  const wanted = `[data-key="${CSS.escape(key)}"]`;
  const found = [here(), document]
    .flatMap((place) => [...(place?.querySelectorAll<HTMLElement>(wanted) ?? [])])
    .filter((element) => element.offsetParent !== null);
  const selection = found.find((element) => element.closest('[data-selection]') !== null);
  return (
    selection ?? found.find((element) => element.closest('tr') === null || element.closest('tr') === here())
  );
}

function press(key: string): boolean {
  if (key === 'j') move(1);
  else if (key === 'k') move(-1);
  else if (key === '?') showHelp();
  else if (key === 'x') here()?.querySelector<HTMLInputElement>('input[type="checkbox"]')?.click();
  else {
    const element = offered(key);
    if (element === undefined) return false;
    if (element instanceof HTMLInputElement) {
      element.focus();
      element.select();
    } else element.click();
  }
  return true;
}

function showHelp(): void {
  const dialog = document.querySelector<HTMLDialogElement>('#keys') ?? makeHelp();
  if (!dialog.open) dialog.showModal();
}

function makeHelp(): HTMLDialogElement {
  const dialog = document.createElement('dialog');
  dialog.id = 'keys';
  const title = document.createElement('h2');
  title.textContent = 'Keys';
  const list = document.createElement('dl');
  list.className = 'facts';
  const places = [...document.querySelectorAll<HTMLElement>('nav [data-go]')].map(
    (place) => [`g ${place.dataset.go}`, place.textContent ?? ''] as const,
  );
  for (const [keys, what] of [...HELP, ...places]) {
    const term = list.appendChild(document.createElement('dt'));
    for (const key of keys.split(' ')) {
      term.appendChild(document.createElement('kbd')).textContent = key;
      term.append(' ');
    }
    list.appendChild(document.createElement('dd')).textContent = what;
  }
  const form = document.createElement('form');
  form.method = 'dialog';
  form.appendChild(document.createElement('button')).textContent = 'Close';
  dialog.append(title, list, form);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  return dialog;
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.key === 'Escape' && event.target instanceof HTMLElement && isTyping(event.target)) {
    event.target.blur();
    return;
  }
  if (isTyping(event.target) || document.querySelector('dialog[open]') !== null) return;
  if (event.timeStamp < goUntil) {
    goUntil = 0;
    const place = document.querySelector<HTMLElement>(`nav [data-go="${CSS.escape(event.key)}"]`);
    if (place !== null) {
      event.preventDefault();
      place.click();
      return;
    }
  }
  if (event.key === 'g') goUntil = event.timeStamp + WAIT_MS;
  else if (press(event.key)) event.preventDefault();
});

const help = document.getElementById('help');
if (help !== null) {
  help.hidden = false;
  help.addEventListener('click', showHelp);
}

export {};
