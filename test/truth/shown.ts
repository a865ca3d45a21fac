// What a console shows, as a person would read it: the words in the cells of its first page, and whether it says that what
// it shows is old. Nothing here knows how the page is made but the keys of its cells.
import type { Visitor } from '../console/support/site.ts';

export interface Shown {
  /** It says that its director does not answer. */
  readonly old: boolean;
  /** The full-width alarm; empty without one. */
  readonly alarm: string;
  /** `www/rs1.health` -> `▲ up`. */
  readonly cells: ReadonlyMap<string, string>;
}

const CELL = /data-live="([^"]+)"[^>]*>([^<]*)</g;
const OLD = /role="alert" data-trouble>/;

export async function readShown(visitor: Visitor): Promise<Shown> {
  const { status, text } = await visitor.get('/?page=all');
  if (status !== 200) throw new Error(`the overview answers ${status}: ${text.slice(0, 4_000)}`);
  const cells = new Map<string, string>();
  for (const [, key, value] of text.matchAll(CELL)) cells.set(plain(key!), plain(value!));
  return { old: OLD.test(text), alarm: cells.get('@director.alarm') ?? '', cells };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function plain(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name]!);
}
