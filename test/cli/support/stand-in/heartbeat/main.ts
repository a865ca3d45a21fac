// Speaks the heartbeat's protocol and decides nothing: its role and what it says of the peer come from stand-in.json in the
// runtime folder, where tests write it; what it is told goes to stand-in.log, a line of JSON each.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openDoor } from '../../../../../heartbeat/door.ts';
import type { HeartbeatStatus, ToHeartbeat } from '../../../../../heartbeat/protocol.ts';
import { HEARTBEAT_SOCKET, SETTINGS_FILE, settingsSchema } from '../../../../../heartbeat/protocol.ts';

const LOOK_INTERVAL_MS = 20;
const STATUS_INTERVAL_MS = 500;

const { values } = parseArgs({ options: { runtime: { type: 'string' } } });
const runtime = values.runtime ?? '';
const settings = settingsSchema.parse(JSON.parse(fs.readFileSync(path.join(runtime, SETTINGS_FILE), 'utf8')));
const script = path.join(runtime, 'stand-in.json');
let written = '';
let said: Partial<HeartbeatStatus> = {};
let told: Partial<HeartbeatStatus> = {};

function look(): void {
  const text = fs.existsSync(script) ? fs.readFileSync(script, 'utf8') : '{}';
  if (text === written || text === '') return;
  written = text;
  said = JSON.parse(text) as Partial<HeartbeatStatus>;
  door.tell({ kind: 'status', status: status() });
}

function status(): HeartbeatStatus {
  const { peer, ...rest } = said;
  return {
    pid: process.pid,
    node: settings.node,
    bootId: 1,
    role: 'standby',
    because: 'the test says so',
    since_monotonic_ms: 0,
    epoch: 1,
    hold: false,
    health: 'good',
    health_reason: '',
    complete: false,
    links: settings.links.map((link) => ({
      name: link.kind === 'udp' ? `udp ${link.interface}` : `serial ${link.device}`,
      kind: link.kind,
      up: true,
      detail: 'open',
      ...(peer?.heard === true ? { heard_age_ms: 10, they_heard_age_ms: 20 } : {}),
      sent: 1,
      received: 1,
      lost_permille: 0,
      rejected: {},
    })),
    vips: settings.vips.map((vip) => ({
      address: vip.address,
      interface: vip.interface,
      state: said.role === 'active' ? 'up' : 'absent',
    })),
    lease: { state: 'none', detail: '' },
    announcements: 0,
    claimants: 0,
    lateness_p99_ms: 0,
    lateness_max_ms: 0,
    priority_mode: 'none',
    ...rest,
    ...told,
    peer: { name: settings.peer, heard: false, ...peer },
  };
}

function hear(message: ToHeartbeat): void {
  fs.appendFileSync(path.join(runtime, 'stand-in.log'), `${JSON.stringify(message)}\n`);
  if (message.kind === 'complete') told = { ...told, complete: message.complete };
  if (message.kind === 'health') told = { ...told, health: message.health, health_reason: message.reason };
  if (message.kind === 'stop') process.exit(0);
  if (message.kind !== 'order') return;
  told =
    message.order === 'switchover'
      ? { ...told, role: 'standby' }
      : { ...told, hold: message.order === 'hold' };
  door.tell({
    kind: 'order-result',
    id: message.id,
    ok: true,
    reason: 'done',
    phases_ms: { released: 1, done: 2 },
  });
  door.tell({ kind: 'status', status: status() });
}

const door = await openDoor({
  path: path.join(runtime, HEARTBEAT_SOCKET),
  onMessage: hear,
  greet: () => ({ kind: 'status', status: status() }),
  complain: (what) => process.stderr.write(`${what}\n`),
});
setInterval(look, LOOK_INTERVAL_MS);
setInterval(() => door.tell({ kind: 'status', status: status() }), STATUS_INTERVAL_MS);
const now_ms = Number(process.hrtime.bigint() / 1_000_000n);
door.tell({
  kind: 'event',
  at_monotonic_ms: now_ms,
  event: 'stand-in-began',
  subject: settings.node,
  reason: 'it began',
  evidence: { pid: process.pid },
});
