// Values as people read them.

import type { Admin, Rates, ServerStatus, ServiceStatus } from '../control/schema.ts';
import { amount } from '../model/amount.ts';
import type { Cell } from './table.ts';

const SECOND_MS = 1_000;

/** `4s`, `3m12s`, `2h05m`, `3d04h`. */
export function duration(value_ms: number): string {
  const seconds = Math.max(0, Math.floor(value_ms / SECOND_MS));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h${two(Math.floor((seconds % 3_600) / 60))}m`;
  return `${Math.floor(seconds / 86_400)}d${two(Math.floor((seconds % 86_400) / 3_600))}h`;
}

export function clockTime(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function rate(rates: Rates): string {
  return `${amount(rates.connections_per_s)}/s`;
}

export function bytesRate(rates: Rates): string {
  return `${amount((rates.bytes_in_per_s + rates.bytes_out_per_s) * 8)}bit/s`;
}

export function serverHealth(server: ServerStatus): Cell {
  const tone = server.health === 'up' ? 'good' : server.health === 'down' ? 'bad' : 'warn';
  return { text: server.health, tone };
}

export function serviceHealth(health: ServiceStatus['health']): Cell {
  const tone = health === 'up' ? 'good' : health === 'down' ? 'bad' : 'warn';
  return { text: health, tone };
}

export function admin(value: Admin): Cell {
  return value === 'enabled' ? { text: value } : { text: value, tone: 'warn' };
}

/** `10`, or `10 (order; configured 5)`. */
export function configuredWeight(server: ServerStatus): string {
  return server.weight_ordered === undefined
    ? String(server.weight_configured)
    : `${server.weight_ordered} (conf ${server.weight_configured})`;
}
