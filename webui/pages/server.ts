// One real server of one service: state, orders, probes, drain, past; and the series its charts are drawn from.
import { orNothing, pointsOf, seriesOf, serverAddress, serverOf, serviceOf } from '../detail/asked.ts';
import { STILL_POINTS } from '../detail/charts.ts';
import { probedOf } from '../detail/checks.ts';
import { WINDOW_MS } from '../detail/drain-estimate.ts';
import { metricsOf, SERVER_PLOTS } from '../detail/plots.ts';
import { readSpan } from '../detail/span.ts';
import type { Page } from '../page.ts';
import { view } from '../page.ts';
import { serverBody } from './server-view.ts';

const EVENTS_SHOWN = 20;
const CONNECTIONS_SHOWN = 20;
const METRICS = metricsOf(SERVER_PLOTS);
const DRAIN_METRICS = 'active,inactive,templates';

export const serverPages: readonly Page[] = [
  {
    method: 'get',
    path: '/services/:service/servers/:server',
    role: 'viewer',
    async handle(context) {
      const { client, params, query, now } = context;
      const service = await serviceOf(context, params.service ?? '');
      const server = await serverOf(context, service, params.server ?? '');
      const asked = readSpan(query, now);
      const subject = `${service.name}/${server.name}`;
      const names = { service: service.name, server: server.name };
      const window = { from: now - WINDOW_MS, to: now };
      const [series, recent, probes, past, found] = await Promise.all([
        orNothing(seriesOf(context, subject, METRICS, asked, STILL_POINTS)),
        server.admin === 'draining'
          ? orNothing(seriesOf(context, subject, DRAIN_METRICS, window, WINDOW_MS / 1_000))
          : undefined,
        orNothing(client.call('probes', { params: names })),
        orNothing(client.call('events', { query: { subject, limit: EVENTS_SHOWN } })),
        orNothing(client.call('connections', { query: { ...names, limit: CONNECTIONS_SHOWN } })),
      ]);
      const source = `${serverAddress(service.name, server.name)}/series.json`;
      return view(
        `Real server ${subject}`,
        serverBody(context, {
          ...{ service, server, recent, probes, probed: probedOf(query.probed) },
          ...{ events: past?.events.toReversed(), connections: found?.connections },
          charts: { source, plots: SERVER_PLOTS, asked, series, now },
        }),
        { live: [service.name], scripts: ['chart', 'refresh'] },
      );
    },
  },
  {
    method: 'get',
    path: '/services/:service/servers/:server/series.json',
    role: 'viewer',
    async handle(context) {
      const { params, query, now } = context;
      const service = await serviceOf(context, params.service ?? '');
      const { name } = await serverOf(context, service, params.server ?? '');
      const asked = readSpan(query, now);
      const points = pointsOf(query.points, STILL_POINTS);
      const series = await seriesOf(context, `${service.name}/${name}`, METRICS, asked, points);
      const body = JSON.stringify({ ...asked, now, series });
      return { kind: 'download', name: 'series.json', type: 'application/json', body };
    },
  },
];
