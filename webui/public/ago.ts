// How long ago, in a word. Shared by server and browser.

/** `now`, `5s ago`, `3m ago`, `2h ago`, `4d ago`; `in 5m` for what is to come. */
export function ago(elapsed_ms: number): string {
  const seconds = Math.round(Math.abs(elapsed_ms) / 1_000);
  if (!Number.isFinite(seconds)) return 'never';
  if (seconds < 1) return 'now';
  const text =
    seconds < 60
      ? `${seconds}s`
      : seconds < 3_600
        ? `${Math.floor(seconds / 60)}m`
        : seconds < 86_400
          ? `${Math.floor(seconds / 3_600)}h`
          : `${Math.floor(seconds / 86_400)}d`;
  return elapsed_ms < 0 ? `in ${text}` : `${text} ago`;
}
