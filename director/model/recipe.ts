// A probe's recipe in a few words, for tables. What is sent and expected inside a script is left out: it may hold a password.
import type { ProbeSpec } from './monitor.ts';

const CHARS_MAX = 160;

/** `GET /health of www.example over TLS`, `TCP connect`, `DNS A www.example`, `exec /usr/lib/check %a`. */
export function describeProbe(probe: ProbeSpec): string {
  const words = wordsOf(probe);
  return words.length > CHARS_MAX ? `${words.slice(0, CHARS_MAX)}…` : words;
}

function wordsOf(probe: ProbeSpec): string {
  switch (probe.kind) {
    case 'tcp':
      return 'TCP connect';
    case 'http':
      return `${probe.method} ${probe.path}${probe.host === undefined ? '' : ` of ${probe.host}`}${probe.tls ? ' over TLS' : ''}`;
    case 'ping':
      return 'ICMP echo';
    case 'dns':
      return `DNS ${probe.type} ${probe.name}`;
    case 'expect': {
      const { length } = probe.steps;
      return `script of ${length} ${length === 1 ? 'step' : 'steps'}${probe.tls ? ' over TLS' : ''}`;
    }
    case 'exec':
      return `exec ${probe.command.join(' ')}`;
  }
}
