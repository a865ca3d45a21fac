// The overview made quicker: the filter hides rows as one types, and selecting takes one click for many. Without it the filter
// is the server's and boxes are ticked one by one.
import { isFound, wordsOf } from './find.ts';

const filter = document.querySelector<HTMLInputElement>('#filter input[name="q"]');
const groups = [...document.querySelectorAll<HTMLTableSectionElement>('table.overview tbody')];
const bulk = document.querySelector<HTMLFormElement>('#bulk');
const selected = document.getElementById('selected');
const none = document.getElementById('none');

function textOf(row: HTMLElement): string {
  return [...row.querySelectorAll('[data-find]')]
    .map((cell) => cell.textContent)
    .join(' ')
    .toLowerCase();
}

/** A service that is found is shown with all of its servers; else with those that are found. */
function sift(): void {
  const words = wordsOf(filter?.value ?? '');
  let shown = 0;
  for (const group of groups) {
    const [service, ...servers] = [...group.rows];
    if (service === undefined) continue;
    const whole = isFound(words, textOf(service));
    let found = 0;
    for (const server of servers) {
      server.hidden = !whole && !isFound(words, `${service.dataset.name ?? ''} ${textOf(server)}`);
      if (!server.hidden) found++;
      // What cannot be seen is not acted upon.
      else for (const box of server.querySelectorAll<HTMLInputElement>('input:checked')) box.checked = false;
    }
    group.hidden = !whole && found === 0;
    if (!group.hidden) shown++;
  }
  if (none !== null) none.hidden = shown > 0;
  count();
}

filter?.addEventListener('input', sift);

function boxes(within: ParentNode): HTMLInputElement[] {
  return [...within.querySelectorAll<HTMLInputElement>('input[name="server"][type="checkbox"]')].filter(
    (box) => box.closest<HTMLElement>('[hidden]') === null,
  );
}

function count(): void {
  const ticked = document.querySelectorAll('input[name="server"][type="checkbox"]:checked').length;
  if (bulk !== null) bulk.hidden = ticked === 0;
  if (selected !== null) selected.textContent = `${ticked} selected`;
  for (const box of document.querySelectorAll<HTMLInputElement>('input[data-all]')) {
    const own = boxes(box.closest('tbody') ?? document);
    const on = own.filter((each) => each.checked).length;
    box.checked = own.length > 0 && on === own.length;
    box.indeterminate = on > 0 && on < own.length;
  }
}

document.addEventListener('change', (event) => {
  const box = event.target;
  if (box instanceof HTMLInputElement && box.dataset.all !== undefined)
    for (const each of boxes(box.closest('tbody') ?? document)) each.checked = box.checked;
  count();
});
for (const box of document.querySelectorAll<HTMLInputElement>('input[data-all]')) box.hidden = false;
if (bulk !== null) count();

document.querySelector('#filter')?.addEventListener('change', (event) => {
  if (event.target instanceof HTMLSelectElement) event.target.form?.requestSubmit();
});
