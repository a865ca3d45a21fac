// Random scenarios, biased to what happens: conversations in both directions, resets, repeats, reused ports, errors
// about them, fragments, broken frames, servers that come and go, and time that passes. A scenario plays among a few
// flows only, so that things meet. Who takes part: arbitrary-steps.ts; what is sent: arbitrary-frames.ts.
import fc from 'fast-check';
import { CONNECTION_STATES } from '../../../director/model/state.ts';
import {
  clientError,
  clientFrame,
  damagedFrame,
  errorKind,
  ipFields,
  otherFrame,
  piecesOf,
  tcpFlags,
} from './arbitrary-frames.ts';
import {
  arbitraryPopulation,
  arbitraryRemoval,
  arbitrarySteps,
  FLOWS,
  PLACES,
  type Place,
  placesOf,
} from './arbitrary-steps.ts';
import { tcp, udp } from './build.ts';
import type { Action, Flow, Scenario } from './scenario.ts';

const FLOWS_PER_SCENARIO = { minLength: 2, maxLength: 8 };

const inject = (frame: Uint8Array): Action => ({ do: 'inject', frame });
const single = (frame: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Action[]> =>
  frame.map((each) => [inject(each)]);

/** A populated universe and what happens in it; `bursts` limits how much. */
export function arbitraryScenario(bursts = 30): fc.Arbitrary<Scenario> {
  const story = fc
    .shuffledSubarray([...FLOWS], FLOWS_PER_SCENARIO)
    .chain((flows) => fc.array(burst(flows), { maxLength: bursts, size: 'max' }));
  return fc
    .tuple(arbitraryPopulation, story)
    .map(([steps, actions]) => [{ do: 'apply', steps }, ...actions.flat()]);
}

/** One frame of any kind. */
export function arbitraryFrame(flows: readonly Flow[] = FLOWS): fc.Arbitrary<Uint8Array> {
  const flow = fc.constantFrom(...flows);
  return fc.oneof(clientFrame(flow), damagedFrame(flow), clientError(flow), otherFrame);
}

/** A few actions that belong together. */
function burst(flows: readonly Flow[]): fc.Arbitrary<Action[]> {
  const flow = fc.constantFrom(...flows);
  const places = flows.flatMap(placesOf);
  return fc.oneof(
    { weight: 12, arbitrary: conversation(flow) },
    { weight: 8, arbitrary: single(clientFrame(flow)) },
    { weight: 6, arbitrary: serverSide(flow) },
    { weight: 5, arbitrary: single(clientError(flow)) },
    { weight: 3, arbitrary: piecesOf(flow).map((pieces) => pieces.map(inject)) },
    { weight: 3, arbitrary: single(damagedFrame(flow)) },
    { weight: 1, arbitrary: single(otherFrame) },
    {
      weight: 5,
      arbitrary: edits(places.length > 0 ? places : PLACES),
    },
    { weight: 3, arbitrary: removal(flow) },
    { weight: 3, arbitrary: oversized(flow) },
    { weight: 6, arbitrary: passing.map((action) => [action]) },
    { weight: 3, arbitrary: fc.constant<Action[]>([{ do: 'sweep' }]) },
    { weight: 1, arbitrary: flush.map((action) => [action]) },
    { weight: 1, arbitrary: timeouts.map((action) => [action]) },
  );
}

function edits(places: readonly Place[]): fc.Arbitrary<Action[]> {
  return arbitrarySteps(places).map((steps) => [{ do: 'apply', steps }]);
}

/** Around the sizes that fit into a tunnel of MTU 1500 over either family, and those that no longer do. */
function oversized(flow: fc.Arbitrary<Flow>): fc.Arbitrary<Action[]> {
  const payload = fc.constantFrom(1400, 1401, 1412, 1413, 1420, 1421, 1432, 1433, 1440, 1441, 1452, 1453);
  return fc
    .record({ flow, payload, df: fc.boolean() })
    .map(({ flow: { protocol, client, virtual }, ...rest }) => {
      const fields = { from: client, to: virtual, ...rest };
      if (protocol === 'udp') return [inject(udp(fields))];
      const opening = tcp({ from: client, to: virtual, flags: 'S' });
      return [inject(opening), inject(tcp({ ...fields, flags: 'A' }))];
    });
}

/** From handshake to end, or as far as it gets; sometimes every packet is sent twice. UDP: questions and answers. */
function conversation(flow: fc.Arbitrary<Flow>): fc.Arbitrary<Action[]> {
  return fc
    .record({
      flow,
      end: fc.constantFrom('client', 'server', 'reset', 'refused'),
      length: fc.integer({ min: 1, max: 12 }),
      repeat: fc.boolean(),
    })
    .map(({ flow: between, end, length, repeat }) => {
      const all = (between.protocol === 'tcp' ? stream(between, end) : exchange(between)).slice(0, length);
      return repeat ? all.flatMap((action) => [action, action]) : all;
    });
}

function stream(flow: Flow, end: string): Action[] {
  const client = (flags: string, payload = 0): Action =>
    inject(tcp({ from: flow.client, to: flow.virtual, flags, payload, seq: 100, ack: 900 }));
  const server = (flags: string, payload = 0): Action => ({
    do: 'respond',
    flow,
    fields: { flags, payload, seq: 900, ack: 101 },
  });
  if (end === 'refused') return [client('S'), server('RA')];
  const opening = [client('S'), server('SA'), client('A'), client('PA', 20), server('PA', 200)];
  if (end === 'reset') return [...opening, client('R'), server('A')];
  return end === 'client'
    ? [...opening, client('FA'), server('A'), server('FA'), client('A')]
    : [...opening, server('FA'), client('A'), client('FA'), server('A')];
}

function exchange(flow: Flow): Action[] {
  const question = { from: flow.client, to: flow.virtual, payload: 30 };
  const answer: Action = { do: 'respond', flow, fields: { payload: 90 } };
  return [inject(udp(question)), answer, inject(udp({ ...question, checksum: 0 })), answer];
}

/** A packet or an error of the real server that has the flow. */
function serverSide(flow: fc.Arbitrary<Flow>): fc.Arbitrary<Action[]> {
  return fc
    .record({ flow, kind: errorKind, flags: tcpFlags, ip: ipFields, isError: fc.boolean() })
    .map(({ flow: of, kind, flags, ip, isError }) => [
      isError
        ? { do: 'complain', flow: of, kind, ttl: ip.ttl ?? 64 }
        : { do: 'respond', flow: of, fields: { ...ip, flags } },
    ]);
}

/** Servers are taken away in the middle of a conversation, which then goes on as well as it can. */
function removal(flow: fc.Arbitrary<Flow>): fc.Arbitrary<Action[]> {
  return flow.chain((of) => {
    const [place] = placesOf(of);
    if (!place) return single(clientFrame(fc.constant(of)));
    const after = fc.array(fc.oneof(single(clientFrame(fc.constant(of))), serverSide(fc.constant(of))), {
      minLength: 1,
      maxLength: 3,
      size: 'max',
    });
    const opening = of.protocol === 'tcp' ? stream(of, 'client').slice(0, 4) : exchange(of);
    return fc.tuple(arbitraryRemoval(place), after).map(([steps, rest]) => {
      const removals = steps.map((step): Action => ({ do: 'apply', steps: [step] }));
      return [...opening, ...removals, ...rest.flat()];
    });
  });
}

const passing: fc.Arbitrary<Action> = fc
  .constantFrom(0, 1, 500, 2_000, 9_999, 10_000, 29_999, 30_000, 60_000, 120_000, 300_000, 900_000)
  .map((by_ms) => ({ do: 'advance', by_ms }));

const flush: fc.Arbitrary<Action> = fc
  .record(
    {
      what: fc.constantFrom('connections' as const, 'templates' as const),
      service: fc.constantFrom(...PLACES.map(({ name }) => name)),
      server: fc.constantFrom('a', 'b', 'c'),
    },
    { requiredKeys: ['what'] },
  )
  .map((target) => ({ do: 'flush', target }));

const timeouts: fc.Arbitrary<Action> = fc
  .dictionary(fc.constantFrom(...CONNECTION_STATES), fc.constantFrom(1, 5_000, 100_000), { maxKeys: 3 })
  .map((timeouts_ms) => ({ do: 'timeouts', timeouts_ms }));
