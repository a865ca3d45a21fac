// The cells of services and real servers.
import type { ServerStatus, ServiceStatus } from '../../director/control/schema.ts';
import { amount } from '../../director/model/amount.ts';
import { bitRate, milliseconds } from '../html/format.ts';
import type { Cell, Cells } from './cell.ts';
import { adminMark, serverHealth, serviceHealth } from './marks.ts';

type Numbers = Pick<ServiceStatus, 'active' | 'inactive' | 'templates' | 'rates'>;

function numbers({ active, inactive, templates, rates }: Numbers): Cells {
  return {
    active: counter(active),
    inactive: counter(inactive),
    templates: counter(templates),
    new: { text: amount(rates.connections_per_s) },
    packets: { text: amount(rates.packets_in_per_s + rates.packets_out_per_s) },
    bits: { text: bitRate(rates.bytes_in_per_s + rates.bytes_out_per_s) },
  };
}

/** The exact number on hover, where it is not shown as it is. */
function counter(value: number): Cell {
  return value < 1_000 ? { text: amount(value) } : { text: amount(value), title: String(value) };
}

export function serviceCells(service: Omit<ServiceStatus, 'servers'>): Cells {
  return { row: { text: serviceRow(service) }, health: serviceHealth(service), ...numbers(service) };
}

function serviceRow({ health, presence }: Omit<ServiceStatus, 'servers'>): string {
  if (presence === 'leaving') return 'service is-leaving';
  if (health === 'up') return 'service';
  return health === 'down' ? 'service is-down' : 'service is-impaired';
}

export function serverCells(server: ServerStatus): Cells {
  const { latency_ms } = server;
  const differs = askedWeight(server) !== server.weight_effective;
  return {
    row: { text: serverRow(server) },
    health: serverHealth(server),
    /** Why it is not up. */
    reason: { text: server.role === 'server' && server.health !== 'up' ? server.health_reason : '' },
    admin: adminMark(server),
    weight: weightOf(server),
    /** Why the weights differ. */
    why: { text: server.role === 'server' && differs ? server.because : '' },
    ...numbers(server),
    latency: {
      text: latency_ms === undefined ? '' : milliseconds(latency_ms),
      title: server.health_reason,
    },
    because: { text: server.because },
  };
}

function serverRow({ role, health, admin, presence }: ServerStatus): string {
  if (role === 'removed') return 'server is-removed';
  const down = role === 'server' && health === 'down' ? ' is-down' : '';
  const leaving = presence === 'leaving' ? ' is-leaving' : '';
  return `server is-${admin}${down}${leaving}${role === 'sorry' ? ' is-sorry' : ''}`;
}

function askedWeight({ role, weight_ordered, weight_configured, weight_effective }: ServerStatus): number {
  // A sorry server's weight is nobody's wish: it has one while it is needed.
  return role === 'server' ? (weight_ordered ?? weight_configured) : weight_effective;
}

/** Configured and effective side by side when they differ, and why. */
function weightOf(server: ServerStatus): Cell {
  const asked = askedWeight(server);
  const ordered = server.weight_ordered === undefined ? '' : ` (configured ${server.weight_configured})`;
  const effective = Number.isInteger(server.weight_effective)
    ? String(server.weight_effective)
    : server.weight_effective.toFixed(1);
  if (asked === server.weight_effective)
    return { text: `${effective}${ordered}`, title: server.because, ...(ordered ? { tone: 'warn' } : {}) };
  return { text: `${asked}${ordered} → ${effective}`, tone: 'warn', title: server.because };
}
