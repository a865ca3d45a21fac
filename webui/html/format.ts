// Numbers and times as the pages show them. Pure; times are told apart from now by the caller's clock.

import { amount } from '../../director/model/amount.ts';
import { ago } from '../public/ago.ts';
import { type Html, html } from './html.ts';

export function bitRate(bytes_per_s: number): string {
  const [, number = '', unit = ''] = /^([\d.]+)(\w?)$/.exec(amount(bytes_per_s * 8)) ?? [];
  return `${number} ${unit}bit/s`;
}

/** `190 MiB`. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

export function milliseconds(value_ms: number): string {
  if (value_ms >= 1_000) return `${(value_ms / 1_000).toFixed(value_ms < 10_000 ? 2 : 1)} s`;
  return `${value_ms < 10 ? value_ms.toFixed(1) : Math.round(value_ms)} ms`;
}

/** `2026-11-25 22:50:39 UTC`: one time for all who talk about it. */
export function absolute(at: number): string {
  if (!Number.isFinite(at) || Math.abs(at) > 8.64e15) return 'an unknown time';
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Relative, with the absolute time on hover; the browser keeps it going. */
export function time(at: number, now: number): Html {
  return html`<time datetime="${isoOf(at)}" title="${absolute(at)}">${ago(now - at)}</time>`;
}

function isoOf(at: number): string {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : '';
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
