// Which charts the pages about services and real servers have. The browser gets the same description (public/chart.ts).
import type { Metric } from '../../director/control/history-schema.ts';
import type { Plot } from '../public/plot.ts';

const CONNECTIONS_NEW: Plot = {
  title: 'New connections',
  unit: 'per second',
  lines: [{ metric: 'connections_per_s', label: 'new' }],
};
const PACKETS: Plot = {
  title: 'Packets',
  unit: 'per second',
  lines: [
    { metric: 'packets_in_per_s', label: 'in' },
    { metric: 'packets_out_per_s', label: 'out' },
  ],
};
const BITS: Plot = {
  title: 'Traffic',
  unit: 'bit/s',
  factor: 8,
  lines: [
    { metric: 'bytes_in_per_s', label: 'in' },
    { metric: 'bytes_out_per_s', label: 'out' },
  ],
};
const CONNECTIONS: Plot = {
  title: 'Connections',
  unit: 'count',
  lines: [
    { metric: 'active', label: 'active' },
    { metric: 'inactive', label: 'inactive' },
  ],
};
const LATENCY: Plot = {
  title: 'Latency of probes',
  unit: 'ms',
  lines: [{ metric: 'latency_ms', label: 'last probe' }],
};

export const SERVICE_PLOTS: readonly Plot[] = [CONNECTIONS_NEW, CONNECTIONS, BITS, PACKETS];
export const SERVER_PLOTS: readonly Plot[] = [LATENCY, CONNECTIONS, CONNECTIONS_NEW, BITS];

/** As the API takes them. */
export function metricsOf(plots: readonly Plot[]): string {
  const names = plots.flatMap(({ lines }) => lines.map(({ metric }) => metric as Metric));
  return [...new Set(names)].join(',');
}
