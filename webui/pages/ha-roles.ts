// Who is what at this moment, live, for pages that stay open while roles change.
import type { Status } from '../../director/control/schema.ts';
import { cell, still } from '../cells/cell.ts';
import { HA, haCells } from '../cells/ha.ts';
import { type Html, html } from '../html/html.ts';

export function rolesNow(status: Omit<Status, 'services'>): Html {
  const { ha, node } = status;
  if (ha === undefined || !ha.pair) return html`<p>${still({ text: `${node} is ${status.role}` })}</p>`;
  const cells = haCells(status);
  return html`<ul class="roles"><li><strong>${node}</strong> ${cell(HA, 'own-role', cells)}</li><li><strong>${ha.peer?.name ?? 'the peer'}</strong> ${cell(HA, 'peer-role', cells)}</li></ul>`;
}
