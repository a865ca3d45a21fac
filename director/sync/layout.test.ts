// The core has the engine's records as words of its own, since it imports no engine; both must mean the same places.
import { expect, it } from 'vitest';
import * as install from '../engine/ebpf/install-layout.ts';
import * as layout from '../engine/ebpf/layout.ts';
import { CHANGE, EVENT_FLAG, EVENT_WORD, EVENT_WORDS, KIND, NONE, SLOT_WORDS, WORD } from './core/slot.ts';

it('reads slots and events where the engine writes them', () => {
  const { SLOT, EVENT } = layout;
  expect(SLOT_WORDS * 4).toBe(SLOT.size);
  expect(EVENT_WORDS * 4).toBe(EVENT.size);
  expect(Object.entries(EVENT_WORD).map(([name, at]) => [name, at * 4])).toEqual(
    (['change', 'slot_index', 'at_ns', 'slot'] as const).map((name) => [name, EVENT[name]]),
  );
  expect(EVENT.flags).toBe(EVENT.change + 1);
  const places = {
    state: SLOT.word,
    generation: SLOT.word + 4,
    client: SLOT.client,
    virtual: SLOT.virtual,
    ports: SLOT.client_port,
    server_end: SLOT.server_port,
    service: SLOT.service,
    server: SLOT.server,
    template: SLOT.template,
    destination: SLOT.destination,
    seen_ns: SLOT.seen_ns,
    timeout_ms: SLOT.timeout_ms,
    sequence_base: SLOT.sequence_base,
    sequence_delta: SLOT.sequence_delta,
  };
  expect(Object.fromEntries(Object.entries(WORD).map(([name, at]) => [name, at * 4]))).toEqual(places);
  expect([SLOT.virtual_port, SLOT.protocol, SLOT.method]).toEqual([
    SLOT.client_port + 2,
    SLOT.server_port + 2,
    SLOT.server_port + 3,
  ]);
  expect([CHANGE, EVENT_FLAG, KIND, NONE]).toEqual([
    install.CHANGE,
    install.EVENT_FLAG,
    layout.KIND,
    layout.NONE,
  ]);
});
