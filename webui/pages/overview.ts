// The first page: every virtual service with its real servers, what was asked of them and how they are.
import { cell } from '../cells/cell.ts';
import { serverCells, serviceCells } from '../cells/service.ts';
import { html } from '../html/html.ts';
import { type Page, view } from '../page.ts';

export const overviewPages: readonly Page[] = [
  {
    method: 'get',
    path: '/',
    role: 'viewer',
    handle({ picture }) {
      const services = picture?.services ?? [];
      return view(
        'Overview',
        html`<div class="table"><table><tbody>${services.map(
          (
            service,
          ) => html`<tr class="service"><th>${service.name}</th><td>${cell(service.name, 'health', serviceCells(service))}</td></tr>
${service.servers.map((server) => html`<tr><td>${server.name}</td><td>${cell(`${service.name}/${server.name}`, 'health', serverCells(server))}</td></tr>`)}`,
        )}</tbody></table></div>`,
        { live: services.map(({ name }) => name) },
      );
    },
  },
];
