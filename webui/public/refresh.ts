// Parts of a page that no live cell tells of (lists, drawings) are fetched anew now and then and put in place: those that
// say `data-refresh`, with the time in between. Not while somebody has the focus, typed or marked text in there, nor while
// the page is hidden. What a fresh page no longer asks to be refreshed rests.

const STEP_MS = 1_000;
const AWAY_MS = 10_000;

let busy = false;
const fetchedAt = new Map<string, number>();

function parts(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('[data-refresh][id]')];
}

function isInUse(part: HTMLElement): boolean {
  if (part.contains(document.activeElement) || part.querySelector('details[open]') !== null) return true;
  for (const field of part.querySelectorAll('input')) if (field.value !== field.defaultValue) return true;
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed && selection.containsNode(part, true);
}

function isDue(part: HTMLElement, now: number): boolean {
  const at = fetchedAt.get(part.id);
  if (at === undefined) fetchedAt.set(part.id, now);
  return at !== undefined && now - at >= Number(part.dataset.refresh);
}

async function refresh(): Promise<void> {
  const now = Date.now();
  const due = parts().filter((part) => isDue(part, now));
  if (busy || document.hidden || due.every(isInUse)) return;
  busy = true;
  try {
    const response = await fetch(location.href, { headers: { accept: 'text/html', 'fairlead-parts': '1' } });
    if (response.redirected) return;
    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
    for (const part of due) {
      fetchedAt.set(part.id, Date.now());
      const other = fresh.getElementById(part.id);
      if (other === null || isInUse(part)) continue;
      if (part.innerHTML !== other.innerHTML) part.replaceChildren(...other.childNodes);
      if (other.dataset.refresh === undefined) part.removeAttribute('data-refresh');
      else part.dataset.refresh = other.dataset.refresh;
      part.hidden = other.hidden;
    }
  } catch {
    // The console is away: live.ts says so, and in a while it is tried again.
    for (const part of due) fetchedAt.set(part.id, Date.now() + AWAY_MS);
  } finally {
    busy = false;
  }
}

setInterval(() => void refresh(), STEP_MS);
