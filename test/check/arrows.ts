// Checks the arrows between rooms: imports go only where the table allows, pure rooms stay pure, nothing goes in circles.
// Tests may look anywhere. Gives one line of text per breach, with file and line.

import { IMPURE_NAMES, PURE_IMPORTS, RESERVED, ROOMS, type Room } from './rooms.ts';
import { blankComments, type Import, importsOf, packageOf, type Source, targetOf } from './source.ts';

function isTest(path: string): boolean {
  return (
    path.startsWith('test/') || path.includes('/support/') || path.endsWith('.test.ts') || !path.includes('/')
  );
}

export function roomOf(path: string, rooms: readonly Room[] = ROOMS): Room | undefined {
  return rooms
    .filter((room) => path === room.at || path.startsWith(`${room.at}/`))
    .sort((a, b) => b.at.length - a.at.length)[0];
}

export function checkArrows(sources: readonly Source[]): string[] {
  const house = sources.filter((source) => source.path.endsWith('.ts') && !isTest(source.path));
  const breaches: string[] = [];
  const files = new Map<string, string[]>();
  const rooms = new Map<string, string[]>();
  for (const source of house) {
    const room = roomOf(source.path);
    if (room === undefined) {
      breaches.push(`${source.path}: belongs to no room of test/check/rooms.ts`);
      continue;
    }
    const imports = importsOf(source.text);
    for (const each of imports) {
      const why = whyNot(source.path, room, each);
      if (why !== undefined) breaches.push(`${source.path}:${each.line}: ${why}`);
      const target = targetOf(source.path, each.specifier);
      const other = target === undefined ? undefined : roomOf(target);
      if (target !== undefined) add(files, source.path, target);
      if (other !== undefined && other !== room) add(rooms, room.at, other.at);
    }
    if (room.pure) breaches.push(...impurities(source));
  }
  breaches.push(...circles(files).map((circle) => `files in a circle: ${circle.join(' -> ')}`));
  breaches.push(...circles(rooms).map((circle) => `rooms in a circle: ${circle.join(' -> ')}`));
  return breaches;
}

function whyNot(path: string, room: Room, { specifier }: Import): string | undefined {
  const target = targetOf(path, specifier);
  if (target === undefined) return whyNotOutside(room, specifier);
  if (target.endsWith('/main.ts') && !path.endsWith('/main.ts'))
    return `imports ${target}: what starts a process is entered by another main.ts only`;
  if (isTest(target)) return `imports ${target}, which is there for tests`;
  const other = roomOf(target);
  if (other === undefined) return `imports ${target}, which belongs to no room`;
  if (other === room || other.at === 'director/model' || room.may.includes(other.at)) return undefined;
  return `imports ${target}: ${room.at} may enter only ${['director/model', ...room.may].join(', ')}`;
}

function whyNotOutside(room: Room, specifier: string): string | undefined {
  const name = packageOf(specifier);
  const owners = RESERVED[name];
  if (owners !== undefined && !owners.includes(room.at))
    return `imports ${name}, which only ${owners.join(', ')} may`;
  if (room.pure && !PURE_IMPORTS.has(name)) return `imports ${specifier}, but ${room.at} is pure`;
  return undefined;
}

function impurities(source: Source): string[] {
  return blankComments(source.text)
    .split('\n')
    .flatMap((line, index) => {
      const name = IMPURE_NAMES.exec(line.replace(/'[^']*'|`[^`]*`/g, "''"))?.[0];
      return name === undefined
        ? []
        : [`${source.path}:${index + 1}: names ${name} in a pure room: take it as a parameter`];
    });
}

function add(graph: Map<string, string[]>, from: string, to: string): void {
  const targets = graph.get(from);
  if (targets === undefined) graph.set(from, [to]);
  else if (!targets.includes(to)) targets.push(to);
}

/** One circle per way back that a depth-first walk meets; no circle is missed as a whole, overlapping ones may be. */
export function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (node: string, path: string[]): void => {
    const start = path.indexOf(node);
    if (start >= 0) {
      found.push([...path.slice(start), node]);
      return;
    }
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) walk(next, [...path, node]);
    done.add(node);
  };
  for (const node of [...graph.keys()].sort()) walk(node, []);
  return found;
}
