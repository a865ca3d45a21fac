// Kernel memory of a table full of connections, as the kernel accounts it to the maps (memlock).
import { readdirSync, readFileSync } from 'node:fs';
import { atMost } from './figures.ts';
import { FlowTable } from './flow-table.ts';
import type { Section } from './section.ts';
import { Wrapper } from './wrapper.ts';

const MIB = 2 ** 20;
const FULL = 2 ** 20;
const QUICK = 2 ** 14;

export const MEMORY: Section = {
  name: 'memory',
  title: 'memory of the tables with connections entered, by the kernel’s own account',
  async *run(context) {
    const connections = context.quick ? QUICK : FULL;
    using wrapper = new Wrapper();
    const before = mapsHeld();
    using table = new FlowTable(wrapper, 'nat', 4, connections);
    context.say(`entering ${connections} connections of method nat`);
    await context.turn();
    table.establish(connections);
    const maps = [...mapsHeld()].filter(([id]) => !before.has(id)).map(([, bytes]) => bytes);
    const total = maps.reduce((sum, bytes) => sum + bytes, 0);
    const used = table.engine.snapshot().tables.find(({ name }) => name === 'connections')!.used;
    yield {
      name: `all maps, ${used} connections of method nat`,
      value: total / MIB,
      unit: 'MiB',
      target: atMost(320),
      detail: `${maps.length} maps, the largest ${Math.round(Math.max(...maps) / MIB)} MiB`,
    };
    yield { name: 'per connection', value: total / used, unit: 'bytes' };
  },
};

/** Maps that this process has open: id and bytes (bpf_map_show_fdinfo, kernel/bpf/syscall.c). */
function mapsHeld(): Map<number, number> {
  const held = new Map<number, number>();
  for (const fd of readdirSync('/proc/self/fdinfo')) {
    const text = fdinfo(fd);
    const id = /^map_id:\s*(\d+)/m.exec(text)?.[1];
    const bytes = /^memlock:\s*(\d+)/m.exec(text)?.[1];
    if (id !== undefined && bytes !== undefined) held.set(Number(id), Number(bytes));
  }
  return held;
}

/** The descriptor that lists the folder is gone by the time it is read. */
function fdinfo(fd: string): string {
  try {
    return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  } catch {
    return '';
  }
}
