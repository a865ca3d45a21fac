// Pieces of a configuration made whole: what a document leaves out because it is about something else. Pure.

const NEEDED = [
  { key: 'cluster', text: 'cluster: web' },
  { key: 'directors', text: 'directors: { lb1: { address: 10.0.0.11 } }' },
] as const;

const PAIR = [
  { key: 'directors', text: 'directors: { lb1: { address: 10.0.0.11 }, lb2: { address: 10.0.0.12 } }' },
  { key: 'heartbeat', text: 'heartbeat: { key_file: heartbeat.key, links: [{ udp: eth1 }] }' },
] as const;

const SERVICES = [
  {
    key: 'services',
    text: 'services: { www: { listen: tcp://10.0.0.100:80, servers: { rs1: { address: 10.1.0.21 }, rs2: { address: 10.1.0.22 } } } }',
  },
] as const;

/** A whole configuration: with a peer where the piece is about one, with servers where it is about what befalls them. */
export function completed(piece: string): string {
  const has = (key: string): boolean => new RegExp(`^${key}:`, 'm').test(piece);
  const missing = (lines: readonly { key: string; text: string }[]): string[] =>
    lines.filter(({ key }) => !has(key)).map(({ text }) => text);
  const aboutPair = !has('directors') && (has('heartbeat') || has('sync') || has('schedule'));
  return [
    ...(aboutPair ? missing(PAIR) : []),
    ...missing(aboutPair ? NEEDED.slice(0, 1) : NEEDED),
    ...(has('schedule') ? missing(SERVICES) : []),
    piece,
  ].join('\n');
}
