// The cells of services and real servers.
import type { ServerStatus, ServiceStatus } from '../../director/control/schema.ts';
import { amount, bitRate, milliseconds } from '../html/format.ts';
import type { Cells } from './cell.ts';
import { adminMark, serverHealth, serviceHealth } from './marks.ts';

type Numbers = Pick<ServiceStatus, 'active' | 'inactive' | 'templates' | 'rates'>;

function numbers({ active, inactive, templates, rates }: Numbers): Cells {
  return {
    active: { text: amount(active), title: String(active) },
    inactive: { text: amount(inactive), title: String(inactive) },
    templates: { text: amount(templates), title: `${templates} persistence templates` },
    new: { text: amount(rates.connections_per_s) },
    packets: { text: amount(rates.packets_in_per_s + rates.packets_out_per_s) },
    bits: { text: bitRate(rates.bytes_in_per_s + rates.bytes_out_per_s) },
  };
}

export function serviceCells(service: Omit<ServiceStatus, 'servers'>): Cells {
  return { health: serviceHealth(service), ...numbers(service) };
}

export function serverCells(server: ServerStatus): Cells {
  return {
    health: serverHealth(server),
    admin: adminMark(server),
    weight: weightOf(server),
    ...numbers(server),
    latency: {
      text: server.latency_ms === undefined ? '' : milliseconds(server.latency_ms),
      title: server.health_reason,
    },
    because: { text: server.because },
  };
}

/** Configured and effective side by side when they differ, and why. */
function weightOf(server: ServerStatus): Cells[string] {
  const asked = server.weight_ordered ?? server.weight_configured;
  const ordered = server.weight_ordered === undefined ? '' : ` (configured ${server.weight_configured})`;
  const effective = Number.isInteger(server.weight_effective)
    ? String(server.weight_effective)
    : server.weight_effective.toFixed(1);
  if (asked === server.weight_effective)
    return { text: `${effective}${ordered}`, title: server.because, ...(ordered ? { tone: 'warn' } : {}) };
  return { text: `${asked}${ordered} → ${effective}`, tone: 'warn', title: server.because };
}
