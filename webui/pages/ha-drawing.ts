// The pair as a drawing that is also a text: two directors, and between them every link with both of its directions.
// Lines are made by the style sheet from the cells themselves, so that a line is broken the moment its cell says so.
import type { Ha } from '../../director/control/ha-schema.ts';
import type { Status } from '../../director/control/schema.ts';
import { cell } from '../cells/cell.ts';
import { HA, haCells } from '../cells/ha.ts';
import { type Html, html } from '../html/html.ts';

type Facts = readonly (readonly [title: string, key: string])[];

const OWN: Facts = [
  ['Why', 'own-because'],
  ['Since', 'own-since'],
  ['Epoch', 'own-epoch'],
  ['Health', 'own-health'],
  ['Hold', 'own-hold'],
  ['Knows', 'own-complete'],
  ['Revision', 'own-revision'],
  ['Heartbeat', 'own-heartbeat'],
  ['Lateness', 'own-lateness'],
];
const PEER: Facts = [
  ['Heard', 'peer-heard'],
  ['Epoch', 'peer-epoch'],
  ['Health', 'peer-health'],
  ['Hold', 'peer-hold'],
  ['Knows', 'peer-complete'],
  ['Priority', 'peer-priority'],
  ['Revision', 'peer-revision'],
];

export function drawPair(status: Omit<Status, 'services'>, ha: Ha): Html {
  const cells = haCells(status);
  const peer = ha.peer?.name ?? 'the peer';
  const links = ha.links ?? [];
  const facts = (list: Facts, more: readonly (readonly [string, Html])[] = []): Html =>
    html`<dl class="facts">${list.map(([title, key]) => html`<dt>${title}</dt><dd>${cell(HA, key, cells)}</dd>`)}${more.map(([title, value]) => html`<dt>${title}</dt><dd>${value}</dd>`)}</dl>`;
  const priority = ha.heartbeat?.priority;
  return html`<div class="pair">
<section class="panel node" aria-label="Director ${status.node}"><h2>${status.node} <span class="role">${cell(HA, 'own-role', cells)}</span></h2><p class="quiet">this director</p>
${facts(OWN, priority === undefined ? [] : [['Priority', html`${priority}`]])}</section>
<section class="wires" aria-label="Links between ${status.node} and ${peer}">
${links.length === 0 ? html`<p class="quiet">The heartbeat has told of no links yet.</p>` : html`<ul>${links.map((link, index) => drawLink(link, index, cells, status.node, peer))}</ul>`}
</section>
<section class="panel node" aria-label="Director ${peer}"><h2>${peer} <span class="role">${cell(HA, 'peer-role', cells)}</span></h2><p class="quiet">the peer, as it says itself</p>
${facts(PEER)}</section>
</div>`;
}

function drawLink(
  link: NonNullable<Ha['links']>[number],
  index: number,
  cells: ReturnType<typeof haCells>,
  node: string,
  peer: string,
): Html {
  const at = (key: string): Html => cell(HA, `link${index}-${key}`, cells);
  return html`<li class="link"><h3>${link.name} ${at('state')}</h3>
<p class="wire out"><span class="unseen">${node} to ${peer}: </span>${at('out')}</p>
<p class="wire in"><span class="unseen">${peer} to ${node}: </span>${at('in')}</p>
<p class="quiet fine">loss ${at('loss')} · rejected ${at('rejected')} · ${at('counts')}${link.peer_address === undefined || link.kind === 'serial' ? '' : ` · from ${link.peer_address}`}</p></li>`;
}
