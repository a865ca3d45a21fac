// An audit of the packet program's tables while nobody writes to them: everything that is counted must equal what is
// there, every key must be entered once, and no slot may be lost. Returns what does not add up, in words.
import * as layout from '../../director/engine/ebpf/layout.ts';
import type { RecordArray } from '../../director/engine/ebpf/mapped-array.ts';
import type { Tables } from '../../director/engine/ebpf/tables.ts';
import { METHODS } from '../../director/model/service.ts';
import { CONNECTION_STATES, isActive } from '../../director/model/state.ts';

const { CONTROL, KIND, NONE, SERVER, SLOT } = layout;
const SLOT_MASK = 2 ** layout.SLOT_BITS - 1;
/** The free list's link shares its place with the template. */
const NEXT_FREE = SLOT.template;

export function auditTables(tables: Tables): string[] {
  const live = liveSlots(tables);
  return [
    ...auditSlots(tables, live),
    ...auditServers(tables, live),
    ...auditTemplates(tables, live),
    ...auditIndex(tables, live),
  ];
}

/** Slots of `slots` that ever were in use. */
function high(tables: Tables): number {
  return Math.min(tables.array('control').getU32(0, CONTROL.slots_high), tables.sizes.slots);
}

function liveSlots(tables: Tables): number[] {
  const slots = tables.array('slots');
  return Array.from({ length: high(tables) }, (_, index) => index).filter(
    (index) => kindAt(slots, index) !== KIND.free,
  );
}

function auditSlots(tables: Tables, live: readonly number[]): string[] {
  const problems: string[] = [];
  const used = tables.array('control').getU32(0, CONTROL.slots_used);
  if (used !== live.length) problems.push(`${used} slots are said to be in use, ${live.length} are`);
  const free = new Set<number>();
  let link = tables.array('control').getU32(0, CONTROL.free_head); // the low half
  while (link !== 0) {
    const index = link - 1;
    if (index >= tables.sizes.slots) return [...problems, `the free slots lead to ${index}, which is none`];
    if (free.has(index)) return [...problems, `slot ${index} stands twice among the free ones`];
    free.add(index);
    link = tables.array('slots').getU32(index, NEXT_FREE);
  }
  for (const index of live)
    if (free.has(index)) problems.push(`slot ${index} is in use and among the free ones`);
  const lost = high(tables) - live.length - free.size;
  if (lost !== 0) problems.push(`${lost} slots are neither in use nor among the free ones`);
  return problems;
}

function auditServers(tables: Tables, live: readonly number[]): string[] {
  const [slots, servers] = [tables.array('slots'), tables.array('servers')];
  const counted = new Map<number, { active: number; inactive: number; templates: number }>();
  for (const index of live) {
    const server = slots.getU32(index, SLOT.server);
    const counts = counted.get(server) ?? { active: 0, inactive: 0, templates: 0 };
    counted.set(server, counts);
    const state = CONNECTION_STATES[slots.getU8(index, SLOT.word)] ?? 'NONE';
    if (kindAt(slots, index) === KIND.template) counts.templates++;
    else if (isActive(state)) counts.active++;
    else counts.inactive++;
  }
  const problems: string[] = [];
  for (let id = 0; id < servers.entries; id++)
    for (const field of ['active', 'inactive', 'templates'] as const) {
      const [said, seen] = [servers.getU32(id, SERVER[field]) | 0, counted.get(id)?.[field] ?? 0];
      if (said !== seen) problems.push(`server ${id} is said to have ${said} ${field}, and has ${seen}`);
    }
  return problems;
}

function auditTemplates(tables: Tables, live: readonly number[]): string[] {
  const slots = tables.array('slots');
  const references = new Map<number, number>();
  for (const index of live) {
    if (kindAt(slots, index) !== KIND.connection) continue;
    const template = slots.getU32(index, SLOT.template);
    if (template === NONE || kindAt(slots, template) !== KIND.template) continue;
    if (slots.getU32(template, SLOT.word + 4) !== slots.getU32(index, SLOT.template_generation)) continue;
    references.set(template, (references.get(template) ?? 0) + 1);
  }
  return live
    .filter((index) => kindAt(slots, index) === KIND.template)
    .filter((index) => slots.getU32(index, SLOT.controls) !== (references.get(index) ?? 0))
    .map(
      (index) =>
        `template ${index} is said to control ${slots.getU32(index, SLOT.controls)}, and controls ${references.get(index) ?? 0}`,
    );
}

function auditIndex(tables: Tables, live: readonly number[]): string[] {
  const [slots, buckets] = [tables.array('slots'), tables.array('connections')];
  const cells = new Map<number, number>();
  for (const cell of buckets.u32.subarray(0, (buckets.entries * layout.BUCKET.size) / 4)) {
    if (cell === 0) continue;
    const index = (cell & SLOT_MASK) - 1;
    cells.set(index, (cells.get(index) ?? 0) + 1);
  }
  const problems: string[] = [];
  const keys = new Map<string, number>();
  for (const index of live) {
    const wanted = keysOf(tables, index);
    if ((cells.get(index) ?? 0) !== wanted.length)
      problems.push(`slot ${index} stands in ${cells.get(index) ?? 0} cells, and has ${wanted.length} keys`);
    cells.delete(index);
    for (const key of wanted) {
      const other = keys.get(key);
      if (other !== undefined) problems.push(`slots ${other} and ${index} both have the key ${key}`);
      keys.set(key, index);
    }
  }
  for (const [index, count] of cells)
    problems.push(
      `${count} cells lead to slot ${index}, which is ${index < slots.entries ? 'free' : 'none'}`,
    );
  return problems;
}

/** What a slot is found by. */
function keysOf(tables: Tables, index: number): string[] {
  const slots = tables.array('slots');
  const end = (address: number, port: number) =>
    `${slots.getAddress(index, address)}:${slots.getPort(index, port)}`;
  const client = end(SLOT.client, SLOT.client_port);
  if (kindAt(slots, index) === KIND.template)
    return [`template ${slots.getU32(index, SLOT.service)} ${client}`];
  const protocol = slots.getU8(index, SLOT.protocol);
  const inbound = `${protocol} ${client} ${end(SLOT.virtual, SLOT.virtual_port)}`;
  if (METHODS[slots.getU8(index, SLOT.method)] !== 'nat') return [inbound];
  return [inbound, `${protocol} ${end(SLOT.destination, SLOT.server_port)} ${client}`];
}

function kindAt(slots: RecordArray, index: number): number {
  return slots.getU8(index, SLOT.word + 1);
}
