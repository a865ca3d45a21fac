// The editor with scripts: a file is read into the text, places of problems lead into it, and whoever leaves with changes
// that were not sent is asked first. Without it texts are pasted, and everything else works the same.

const FILE_MAX_BYTES = 4 * 1024 * 1024;

const area = document.querySelector<HTMLTextAreaElement>('textarea#text');
const place = document.getElementById('place');
const upload = document.getElementById('upload');
const trouble = document.getElementById('upload-trouble');
let sent = false;
let touched = false;

function complain(text: string): void {
  if (trouble === null) return;
  trouble.textContent = text;
  trouble.hidden = text === '';
}

async function take(file: File): Promise<void> {
  if (area === null) return;
  complain('');
  if (file.size > FILE_MAX_BYTES) {
    complain(`${file.name} is larger than 4 MiB, which no configuration may be.`);
    return;
  }
  try {
    area.value = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
    touched = true;
    tellPlace();
  } catch {
    complain(`${file.name} is no text in UTF-8.`);
  }
}

function tellPlace(): void {
  if (area === null || place === null) return;
  const before = area.value.slice(0, area.selectionStart);
  const line = before.split('\n').length;
  place.textContent = `line ${line}, column ${before.length - before.lastIndexOf('\n')}`;
}

/** Numbered from 1. */
function goTo(line: number, column: number): void {
  if (area === null) return;
  const lines = area.value.split('\n');
  const index = Math.min(line, lines.length) - 1;
  const begin = lines.slice(0, index).reduce((sum, each) => sum + each.length + 1, 0);
  const length = lines[index]?.length ?? 0;
  area.scrollIntoView({ block: 'center' });
  area.focus({ preventScroll: true });
  area.setSelectionRange(begin + Math.min(column - 1, length), begin + length);
  area.scrollTop = Math.max(0, (area.scrollHeight / lines.length) * (index - 5));
  tellPlace();
}

for (const link of document.querySelectorAll<HTMLAnchorElement>('a[data-line]'))
  link.addEventListener('click', (event) => {
    if (area === null) return;
    event.preventDefault();
    goTo(Number(link.dataset.line), Number(link.dataset.column));
  });
if (upload !== null) upload.hidden = false;
upload?.querySelector('input')?.addEventListener('change', (event) => {
  const file = (event.target as HTMLInputElement).files?.[0];
  if (file !== undefined) void take(file);
});
area?.addEventListener('dragover', (event) => event.preventDefault());
area?.addEventListener('drop', (event) => {
  const file = event.dataTransfer?.files[0];
  if (file === undefined) return;
  event.preventDefault();
  void take(file);
});
area?.addEventListener('input', () => {
  touched = true;
});
for (const event of ['input', 'click', 'keyup', 'focus'] as const) area?.addEventListener(event, tellPlace);
area?.form?.addEventListener('submit', () => {
  sent = true;
});
addEventListener('pageshow', () => {
  sent = false;
});
addEventListener('beforeunload', (event) => {
  if (!sent && touched) event.preventDefault();
});
