// One virtual service: its state, its servers, whom a client would get, its past; and the series its charts are drawn from.

import { isAllowed } from '../../director/control/account-schema.ts';
import { toProblem } from '../../director/control/problem.ts';
import { orNothing, pointsOf, seriesOf, serviceAddress, serviceOf } from '../detail/asked.ts';
import { STILL_POINTS } from '../detail/charts.ts';
import { explain } from '../detail/explain.ts';
import { metricsOf, SERVICE_PLOTS } from '../detail/plots.ts';
import { readSpan } from '../detail/span.ts';
import type { Page } from '../page.ts';
import { view } from '../page.ts';
import { serviceBody } from './service-view.ts';

const EVENTS_SHOWN = 10;
const METRICS = metricsOf(SERVICE_PLOTS);

export const servicePages: readonly Page[] = [
  {
    method: 'get',
    path: '/services/:service',
    role: 'viewer',
    async handle(context) {
      const { client, params, query, now, identity, csrf, picture } = context;
      const service = await serviceOf(context, params.service ?? '');
      const { name } = service;
      const asked = readSpan(query, now);
      const [explanation, series, past] = await Promise.all([
        explain(client, name, query.client),
        orNothing(seriesOf(context, name, METRICS, asked, STILL_POINTS)),
        orNothing(client.call('events', { query: { subject: name, limit: EVENTS_SHOWN } })),
      ]);
      const source = `${serviceAddress(name)}/series.json`;
      const offer = isAllowed(identity.role, 'operator')
        ? { csrf, revision: picture?.status.revision.number ?? 0, back: serviceAddress(name) }
        : undefined;
      return view(
        `Service ${name}`,
        serviceBody({
          ...{ service, explanation, offer, now, events: past?.events.toReversed() },
          charts: { source, plots: SERVICE_PLOTS, asked, series, now },
        }),
        {
          live: [name],
          scripts: ['chart', 'refresh', 'overview'],
          ...(explanation.refusal === undefined ? {} : { status: toProblem(explanation.refusal).status }),
        },
      );
    },
  },
  {
    method: 'get',
    path: '/services/:service/series.json',
    role: 'viewer',
    async handle(context) {
      const { params, query, now } = context;
      const { name } = await serviceOf(context, params.service ?? '');
      const asked = readSpan(query, now);
      const series = await seriesOf(context, name, METRICS, asked, pointsOf(query.points, STILL_POINTS));
      const body = JSON.stringify({ ...asked, now, series });
      return { kind: 'download', name: 'series.json', type: 'application/json', body };
    },
  },
];
