// The frame around every page: the strip that says who is active and whether all is well, the ways to the other pages,
// messages, and the footer. Without scripts it is a page like any other; with them its cells stay alive.
import type { AccountRole } from '../../director/control/account-schema.ts';
import { isAllowed } from '../../director/control/account-schema.ts';
import { cell } from '../cells/cell.ts';
import { DIRECTOR, directorCells } from '../cells/director.ts';
import type { Flash, PageContext, View } from '../page.ts';
import { absolute, time } from './format.ts';
import { type Html, html, NOTHING } from './html.ts';

export interface FrameOptions {
  readonly theme: string;
  readonly flashes: readonly Flash[];
  readonly url: (asset: string) => string;
}

interface Place {
  readonly path: string;
  readonly title: string;
  readonly role: AccountRole;
  /** On the keyboard, after `g`. */
  readonly key: string;
}

const PLACES: readonly Place[] = [
  { path: '/', title: 'Overview', role: 'viewer', key: 'o' },
  { path: '/ha', title: 'High availability', role: 'viewer', key: 'h' },
  { path: '/monitors', title: 'Monitors', role: 'viewer', key: 'm' },
  { path: '/connections', title: 'Connections', role: 'viewer', key: 'n' },
  { path: '/events', title: 'Events', role: 'viewer', key: 'e' },
  { path: '/configuration', title: 'Configuration', role: 'operator', key: 'c' },
  { path: '/audit', title: 'Audit', role: 'admin', key: 'a' },
  { path: '/system', title: 'System', role: 'viewer', key: 's' },
];

export function renderPage(context: PageContext, view: View, options: FrameOptions): string {
  const { picture, identity } = context;
  const node = picture === undefined ? 'Fairlead' : `${picture.status.cluster}/${picture.status.node}`;
  const live = view.live === undefined ? NOTHING : html` data-services="${view.live.join(',')}"`;
  return document(
    `${view.title} · ${node}`,
    html`<body data-stream="/live"${live}${context.trouble === undefined ? NOTHING : html` class="is-stale"`}>
<a class="skip" href="#main">To the content</a>
<header>
<p class="brand"><a href="/">Fairlead</a> <strong>${node}</strong></p>
${strip(context)}
<form class="who" method="post" action="/logout"><input type="hidden" name="csrf" value="${context.csrf}">
<a href="/account" title="${identity.role}">${identity.user}</a> <button>Log out</button></form>
</header>
<nav aria-label="Pages"><ul>${PLACES.filter(({ role }) => isAllowed(identity.role, role)).map(
      (place) =>
        html`<li><a href="${place.path}" data-go="${place.key}"${isHere(place, context.path) ? html` aria-current="page"` : NOTHING}>${place.title}</a></li>`,
    )}</ul></nav>
${troubleOf(context)}
<p class="banner bad" id="stale" role="alert" hidden></p>
<main id="main">
<h1>${view.title}</h1>
${[...options.flashes, ...(view.refusal === undefined ? [] : [view.refusal])].map(flash)}
${view.body}
</main>
<footer><span>Fairlead ${context.console.version}</span> <span id="tick">as of ${time(picture?.at ?? context.now, context.now)}</span>
<form method="post" action="/theme"><input type="hidden" name="csrf" value="${context.csrf}"><input type="hidden" name="back" value="${context.path}">
<label>Colours <select name="theme">${['auto', 'light', 'dark'].map((theme) => html`<option${theme === options.theme ? html` selected` : NOTHING}>${theme}</option>`)}</select></label> <button>Set</button></form>
<button type="button" id="help" hidden>Keys</button></footer>
</body>`,
    ['live', 'keys', ...(view.scripts ?? [])],
    options,
  );
}

/** For pages before anybody is known: login, first run, and what goes wrong. */
export function renderBare(title: string, body: Html, options: Omit<FrameOptions, 'flashes'>): string {
  return document(
    `${title} · Fairlead`,
    html`<body class="bare"><main id="main"><p class="brand">Fairlead</p><h1>${title}</h1>${body}</main></body>`,
    [],
    options,
  );
}

function document(
  title: string,
  body: Html,
  scripts: readonly string[],
  { theme, url }: Pick<FrameOptions, 'theme' | 'url'>,
): string {
  const styles = ['style.css', 'pages.css', ...(scripts.includes('chart') ? ['uplot.css'] : [])];
  return html`<!doctype html>
<html lang="en" data-theme="${theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="${url('icon.svg')}" type="image/svg+xml">
${styles.map((name) => html`<link rel="stylesheet" href="${url(name)}">`)}
${scripts.map((name) => html`<script type="module" src="${url(`${name}.js`)}"></script>`)}
</head>
${body}
</html>
`.text;
}

function strip({ picture }: PageContext): Html {
  if (picture === undefined) return html`<p class="strip">the director has not been heard yet</p>`;
  const cells = directorCells(picture.status, picture.services);
  return html`<p class="strip" aria-label="State of the pair">${['role', 'services', 'vips', 'peer', 'sync', 'problems', 'revision'].map((key) => html`${cell(DIRECTOR, key, cells)} `)}</p>`;
}

function isHere(place: Place, path: string): boolean {
  if (place.path === '/') return path === '/' || path.startsWith('/services') || path.startsWith('/orders/');
  return path === place.path || path.startsWith(`${place.path}/`);
}

function troubleOf({ trouble, now }: PageContext): Html {
  if (trouble === undefined) return NOTHING;
  const since =
    trouble.since === undefined
      ? 'Nothing has been heard of it yet.'
      : html`Everything below is as it was ${time(trouble.since, now)} (${absolute(trouble.since)}).`;
  return html`<p class="banner bad" role="alert" data-trouble><strong>The director does not answer.</strong> ${trouble.detail} ${since} ${trouble.remedy}</p>`;
}

function flash({ tone, text, remedy, items = [], link }: Flash): Html {
  return html`<div class="banner ${tone}" role="${tone === 'bad' ? 'alert' : 'status'}">${text}
${items.length === 0 ? NOTHING : html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`}
${remedy === undefined ? NOTHING : html`<span class="remedy">${remedy}</span>`}
${link === undefined ? NOTHING : html`<a href="${link.to}">${link.text}</a>`}</div>`;
}
