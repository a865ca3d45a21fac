// What the documents hold that a machine can check: fenced blocks with the marker before them, code between backticks, links.
// Pure. A marker is an HTML comment on the line before a fence, which nobody sees in the rendered text:
//   <!-- runs: pair on lb2, exit 4 -->

export interface Block {
  readonly file: string;
  /** Of the fence's first line, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly marker: Marker | undefined;
}

export interface Marker {
  /** Where it runs: a key of SETTINGS. */
  readonly setting: string;
  /** On which machine of that setting; its first one if nothing is said. */
  readonly host: string | undefined;
  /** What its last command ends with. */
  readonly exit: number;
  /** Commands that go on by themselves: ended as soon as they have printed something. */
  readonly follows: boolean;
  /** It prints a one-time code and waits for whoever brings that; the code stands for this word in the blocks that follow. */
  readonly gives: string | undefined;
}

export class MarkerError extends Error {}

const FENCE = /^(?<indent> *)(?<ticks>`{3,})(?<language>[\w-]*)\s*$/;
const MARKER = /^ *<!-- runs: (?<words>.*) -->$/;

export function blocksOf(file: string, markdown: string): Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index++) {
    const fence = FENCE.exec(lines[index] ?? '')?.groups;
    if (!fence) continue;
    const indent = fence.indent ?? '';
    const end = lines.indexOf(`${indent}${fence.ticks}`, index + 1);
    if (end < 0) throw new MarkerError(`${file}:${index + 1}: this block has no end`);
    const body = lines.slice(index + 1, end).map((line) => line.slice(indent.length));
    blocks.push({
      file,
      line: index + 1,
      language: fence.language ?? '',
      text: body.join('\n'),
      marker: markerOf(`${file}:${index}`, lines[index - 1] ?? ''),
    });
    index = end;
  }
  return blocks;
}

function markerOf(where: string, line: string): Marker | undefined {
  const words = MARKER.exec(line)?.groups?.words;
  if (words === undefined) return undefined;
  const [first = '', ...rest] = words.split(', ');
  const [setting = '', on, host, ...more] = first.split(' ');
  if (more.length > 0 || (on !== undefined && (on !== 'on' || host === undefined)))
    throw new MarkerError(`${where}: "${first}" is not SETTING or SETTING on HOST`);
  let [exit, follows, gives]: [number, boolean, string | undefined] = [0, false, undefined];
  for (const wish of rest) {
    const status = /^exit (\d+)$/.exec(wish)?.[1];
    const word = /^gives ([A-Z]+)$/.exec(wish)?.[1];
    if (status !== undefined) exit = Number(status);
    else if (word !== undefined) gives = word;
    else if (wish === 'follows') follows = true;
    else throw new MarkerError(`${where}: "${wish}" is not understood`);
  }
  return { setting, host, exit, follows, gives };
}

export interface Span {
  readonly line: number;
  readonly text: string;
}

/** Code between single backticks, outside of blocks. */
export function spansOf(file: string, markdown: string): Span[] {
  return proseOf(file, markdown).flatMap(({ line, text }) =>
    [...text.matchAll(/`([^`]+)`/g)].map((match) => ({ line, text: match[1] ?? '' })),
  );
}

/** Targets of links and pictures, outside of blocks and code. */
export function linksOf(file: string, markdown: string): Span[] {
  return proseOf(file, markdown).flatMap(({ line, text }) =>
    [...text.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map((match) => ({
      line,
      text: match[1] ?? '',
    })),
  );
}

/** As GitHub makes them: `#what-it-does` for "What it does". */
export function anchorsOf(file: string, markdown: string): string[] {
  return proseOf(file, markdown).flatMap(({ text }) => {
    const title = /^#+ (.*)$/.exec(text)?.[1];
    if (title === undefined) return [];
    return [
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ];
  });
}

function proseOf(file: string, markdown: string): Span[] {
  const inside = new Set<number>();
  for (const { line, text } of blocksOf(file, markdown))
    for (let at = line; at <= line + text.split('\n').length + 1; at++) inside.add(at);
  return markdown
    .split('\n')
    .map((text, index) => ({ line: index + 1, text }))
    .filter(({ line }) => !inside.has(line));
}
