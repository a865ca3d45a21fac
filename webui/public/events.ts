// The live tail: new events appear on top as they happen. They wait while somebody reads further down or has marked text,
// and a button says how many; nothing moves under anybody's eyes.

const WAITING_MAX = 200;
const ROWS_MAX = 500;
const READING_PX = 160;

interface Message {
  readonly id: number;
  /** A table row, escaped by the server. */
  readonly row: string;
}

const tail = document.getElementById('tail');
const table = document.getElementById('events');
const button = document.getElementById('tail-new');
const note = document.getElementById('tail-state');
let source: EventSource | undefined;
let waiting: Message[] = [];
/** Of those that waited no longer. */
let dropped = 0;
let seen = Number(new URL(tail?.dataset.stream ?? '/', location.href).searchParams.get('since') ?? '0');

function isReading(): boolean {
  const selection = document.getSelection();
  const marked =
    selection !== null && !selection.isCollapsed && table !== null && selection.containsNode(table, true);
  return marked || scrollY > READING_PX + (tail?.offsetTop ?? 0);
}

function show(messages: readonly Message[]): void {
  if (table === null) return;
  document.getElementById('tail-empty')?.remove();
  for (const { id, row } of messages) {
    if (document.getElementById(`event-${id}`) !== null) continue;
    const template = document.createElement('template');
    template.innerHTML = row;
    template.content.firstElementChild?.classList.add('is-new');
    table.prepend(template.content);
  }
  while (table.children.length > ROWS_MAX) table.lastElementChild?.remove();
}

function offer(): void {
  if (button === null) return;
  const count = waiting.length + dropped;
  button.hidden = count === 0;
  button.textContent = `▲ ${count} new`;
}

function release(): void {
  if (dropped > 0) {
    location.reload();
    return;
  }
  const all = waiting;
  waiting = [];
  show(all);
  offer();
}

function hear(event: MessageEvent<string>): void {
  const message = JSON.parse(event.data) as Message;
  seen = Math.max(seen, message.id);
  if (!isReading() && waiting.length === 0) {
    show([message]);
    return;
  }
  if (waiting.length < WAITING_MAX) waiting.push(message);
  else dropped++;
  offer();
}

function tell(text: string): void {
  if (note !== null) note.textContent = text;
}

function connect(): void {
  if (source !== undefined || document.hidden || tail?.dataset.stream === undefined) return;
  const url = new URL(tail.dataset.stream, location.href);
  url.searchParams.set('since', String(seen));
  source = new EventSource(url);
  source.onopen = () => tell('live: new events appear here');
  source.onerror = () => tell('not live at the moment; it is tried again');
  source.onmessage = hear;
  for (const end of ['login', 'anew']) source.addEventListener(end, () => location.reload());
}

function disconnect(): void {
  source?.close();
  source = undefined;
}

button?.addEventListener('click', () => {
  scrollTo({ top: 0 });
  release();
});
document.addEventListener('scroll', () => {
  if (waiting.length > 0 && dropped === 0 && !isReading()) release();
});
document.addEventListener('selectionchange', () => {
  if (waiting.length > 0 && dropped === 0 && !isReading()) release();
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) disconnect();
  else connect();
});
addEventListener('pagehide', disconnect);
addEventListener('pageshow', connect);
connect();
