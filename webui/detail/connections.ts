// Connections and templates as rows of a table; the same for the page of all and for the sample on a server's page.
import type { Connection } from '../../director/control/schema.ts';
import { amount } from '../../director/model/amount.ts';
import { size } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { serverAddress, serviceAddress } from './asked.ts';

export function connectionTable(
  connections: readonly Connection[],
  { brief = false }: { readonly brief?: boolean } = {},
): Html {
  const head = brief ? NOTHING : html`<th>Service</th><th>Server</th>`;
  return html`<div class="table"><table class="cards connections"><thead><tr><th>Client</th><th>Virtual</th>${head}<th>State</th><th class="n">Expires in</th><th class="n">Packets in / out</th><th class="n">Bytes in / out</th></tr></thead><tbody>${connections.map((each) => row(each, brief))}</tbody></table></div>`;
}

function row(connection: Connection, brief: boolean): Html {
  const { kind, protocol, client, virtual, server, service, server_name, method, state } = connection;
  const template = kind === 'template';
  const names = brief
    ? NOTHING
    : html`<td data-label="Service"><a href="${serviceAddress(service)}">${service}</a></td><td data-label="Server"><a href="${serverAddress(service, server_name)}" title="${server} by ${method}">${server_name}</a></td>`;
  return html`<tr${template ? html` class="is-template"` : NOTHING}><th scope="row" class="mono">${client}</th><td class="mono" data-label="Virtual">${protocol} ${virtual}</td>${names}<td data-label="State">${template ? html`<span title="persistence template: leads this client back to its server">◇ template</span>` : state}</td><td class="n" data-label="Expires in">${expiry(connection.expires_ms)}</td><td class="n" data-label="Packets">${template ? '–' : `${amount(connection.packets_in)} / ${amount(connection.packets_out)}`}</td><td class="n" data-label="Bytes">${template ? (connection.controls === 0 ? '–' : `controls ${connection.controls}`) : `${size(connection.bytes_in)} / ${size(connection.bytes_out)}`}</td></tr>`;
}

function expiry(value_ms: number): string {
  const seconds = Math.max(0, Math.ceil(value_ms / 1_000));
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
