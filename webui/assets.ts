// What browsers load beside pages: style, scripts, pictures. Read once at start; scripts are TypeScript with its types
// stripped, so that there is no build. Names carry a hash of the content and may be cached for ever.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import zlib from 'node:zlib';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly gzip: Buffer;
}

export interface Assets {
  /** The address of one by its plain name: `style.css`, `live.js`. Throws where there is none: a page that names it is wrong. */
  url(name: string): string;
  /** By the last part of its address. */
  find(hashed: string): Asset | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};
const HASH_LENGTH = 10;
/** Of a script beside, or of a package that is served too. */
const IMPORT = /(from\s+|import\s+)'(?:\.\/([\w.-]+)\.ts|(uplot))'/g;
const PUBLIC = path.join(import.meta.dirname, 'public');
/** From packages: where they are, and what they are called here. */
const VENDORED = [
  ['uplot/dist/uPlot.esm.js', 'uplot.js'],
  ['uplot/dist/uPlot.min.css', 'uplot.css'],
] as const;

export function loadAssets(): Assets {
  const sources = readSources();
  const urls = new Map<string, string>();
  const assets = new Map<string, Asset>();
  /** A script names those that it imports by their hash, so they come first. */
  const add = (name: string, trail: readonly string[]): string => {
    const known = urls.get(name);
    if (known !== undefined) return known;
    const source = sources.get(name);
    if (source === undefined || trail.includes(name))
      throw new Error(`no asset ${name} (from ${trail.join(', ')})`);
    const body = Buffer.from(
      name.endsWith('.js')
        ? source
            .toString('utf8')
            .replace(
              IMPORT,
              (_, how: string, beside: string | undefined, packaged: string) =>
                `${how}'${add(`${beside ?? packaged}.js`, [...trail, name])}'`,
            )
        : source,
    );
    const { name: stem, ext } = path.parse(name);
    const hashed = `${stem}.${createHash('sha256').update(body).digest('hex').slice(0, HASH_LENGTH)}${ext}`;
    assets.set(hashed, { type: TYPES[ext] ?? 'application/octet-stream', body, gzip: zlib.gzipSync(body) });
    urls.set(name, `/assets/${hashed}`);
    return `/assets/${hashed}`;
  };
  for (const name of sources.keys()) add(name, []);
  return {
    url(name) {
      const url = urls.get(name);
      if (url === undefined) throw new Error(`no asset ${name}`);
      return url;
    },
    find: (hashed) => assets.get(hashed),
  };
}

function readSources(): Map<string, Buffer> {
  const sources = new Map<string, Buffer>();
  for (const file of fs.readdirSync(PUBLIC)) {
    if (file.endsWith('.test.ts')) continue;
    const bytes = fs.readFileSync(path.join(PUBLIC, file));
    if (!file.endsWith('.ts')) sources.set(file, bytes);
    else
      sources.set(
        `${file.slice(0, -'.ts'.length)}.js`,
        Buffer.from(stripTypeScriptTypes(bytes.toString('utf8'), { mode: 'strip' })),
      );
  }
  const { resolve } = createRequire(import.meta.url);
  for (const [from, name] of VENDORED) {
    const folder = path.dirname(resolve('uplot/package.json'));
    sources.set(name, fs.readFileSync(path.join(folder, from.slice('uplot/'.length))));
  }
  return sources;
}
