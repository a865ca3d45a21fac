// What a filter finds. Shared by server and browser, so that what is hidden at once and what the server leaves out are the same.

/** Words that all have to be there. */
export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
}

export function isFound(words: readonly string[], text: string): boolean {
  return words.every((word) => text.includes(word));
}
