// The switchover's form with scripts: a button that is held instead of a word that is typed, and a word on how far it is
// while it goes on. The roles above it are cells and change by themselves.

const HOLD_MS = 1_200;
const STEP_MS = 100;

const form = document.querySelector<HTMLFormElement>('form#switchover');
const holding = document.querySelector<HTMLButtonElement>('#holding');
const progress = document.getElementById('progress');
const progressText = document.getElementById('progress-text');
const label = holding?.textContent ?? '';
let timer: ReturnType<typeof setInterval> | undefined;
let sent = false;

function letGo(): void {
  clearInterval(timer);
  timer = undefined;
  if (holding === null || sent) return;
  holding.textContent = label;
  holding.classList.remove('is-held');
}

function hold(): void {
  const confirm = form?.elements.namedItem('confirm');
  if (
    form === null ||
    holding === null ||
    timer !== undefined ||
    sent ||
    !(confirm instanceof HTMLInputElement)
  )
    return;
  const began = performance.now();
  const before = confirm.value;
  confirm.value = form.dataset.cluster ?? '';
  const complete = form.reportValidity();
  confirm.value = before;
  if (!complete) return;
  holding.classList.add('is-held');
  timer = setInterval(() => {
    const left_ms = HOLD_MS - (performance.now() - began);
    holding.textContent = left_ms > 0 ? `Keep holding: ${(left_ms / 1_000).toFixed(1)} s` : 'Ordered';
    if (left_ms > 0) return;
    confirm.value = form.dataset.cluster ?? '';
    letGo();
    form.requestSubmit();
  }, STEP_MS);
}

function tell(text: string): void {
  if (progressText !== null) progressText.textContent = text;
}

async function order(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  if (form === null || sent) return;
  sent = true;
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) fields.append(name, String(value));
  for (const button of form.querySelectorAll('button')) button.disabled = true;
  if (progress !== null) progress.hidden = false;
  const began = performance.now();
  const clock = setInterval(
    () =>
      tell(
        `Ordered ${((performance.now() - began) / 1_000).toFixed(1)} s ago: connections are told to the peer, then the virtual IPs move.`,
      ),
    STEP_MS,
  );
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      body: fields,
      headers: { accept: 'application/json' },
    });
    const answer = (await response.json()) as {
      to?: string;
      flash?: { text: string; remedy?: string };
    };
    if (answer.to !== undefined) {
      location.assign(answer.to);
      return;
    }
    refuse(`${answer.flash?.text ?? 'It was refused.'} ${answer.flash?.remedy ?? ''}`);
  } catch {
    refuse(
      'The console does not answer; nothing is known of what became of the order. See who is active before you order it again.',
    );
  } finally {
    clearInterval(clock);
  }
}

function refuse(text: string): void {
  sent = false;
  letGo();
  tell(text);
  progress?.classList.add('is-refused');
  progress?.setAttribute('role', 'alert');
  progress?.querySelector('progress')?.remove();
  for (const button of form?.querySelectorAll('button') ?? []) button.disabled = false;
}

if (holding !== null) holding.hidden = false;
holding?.addEventListener('pointerdown', hold);
for (const event of ['pointerup', 'pointerleave', 'pointercancel', 'blur', 'keyup'])
  holding?.addEventListener(event, letGo);
holding?.addEventListener('keydown', (event) => {
  if (event.key === ' ' || event.key === 'Enter') {
    event.preventDefault();
    hold();
  }
});
form?.addEventListener('submit', (event) => void order(event));
