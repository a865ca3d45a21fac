// From the texts of all answers to Answers with their types; interfaces that were not named are found by subnet. Pure.
import { EXIT, FairleadError } from '../../model/error.ts';
import type { Answers, Given, Read, ServiceAnswer, VipAnswer } from './answers.ts';
import * as read from './answers.ts';
import { type Facts, interfaceOf } from './facts.ts';

/** Of answers that have been checked one by one (questions.ts). */
export function resolveAnswers(given: Given, facts: Facts): Answers {
  const peer = text(given, 'peer');
  const natGateway = text(given, 'nat-gateway');
  const inside = text(given, 'inside');
  const console_ = text(given, 'console');
  const vip = (each: VipAnswer): VipAnswer => ({
    ...each,
    interface: each.interface ?? subnetOf(each, facts),
  });
  return {
    cluster: need(given, 'cluster', read.readName),
    node: need(given, 'node', read.readName),
    address: need(given, 'address', read.readAddress),
    ...(peer === undefined
      ? {}
      : { peer: { name: peer, address: need(given, 'peer-address', read.readAddress) } }),
    links: list(given, 'links', read.readLink),
    witnesses: list(given, 'witnesses', read.readAddress),
    vips: list(given, 'vip', read.readVip).map(vip),
    ...(inside === undefined ? {} : { inside }),
    ...(natGateway === undefined ? {} : { natGateway: vip(need(given, 'nat-gateway', read.readVip)) }),
    ...(text(given, 'service') === undefined ? {} : { service: readService(given) }),
    ...(console_ === undefined ? {} : { console: console_ }),
  };
}

function readService(given: Given): ServiceAnswer {
  return {
    name: need(given, 'service', read.readName),
    listen: need(given, 'listen', read.readListen),
    scheduler: need(given, 'scheduler', read.readScheduler),
    method: need(given, 'method', read.readMethod),
    monitor: need(given, 'monitor', read.readMonitor),
    servers: list(given, 'servers', read.readServer),
  };
}

function subnetOf({ address, prefix_bits }: VipAnswer, facts: Facts): string {
  const found = interfaceOf(facts, address);
  if (found !== undefined) return found;
  throw new FairleadError('usage', `No interface of this machine is in the network of ${address}.`, {
    remedy: `Name the interface: ${address}/${prefix_bits}@eth0. "ip -brief address" lists them.`,
    exit: EXIT.usage,
  });
}

function text(given: Given, name: string): string | undefined {
  const value = given[name];
  return value === undefined || value === '' || value === 'none' ? undefined : value;
}

function need<T>(given: Given, name: string, readOne: (item: string) => Read<T>): T {
  return good(name, readOne(given[name] ?? ''));
}

function list<T>(given: Given, name: string, readOne: (item: string, index: number) => Read<T>): T[] {
  return good(name, read.readList(given[name] ?? '', readOne));
}

function good<T>(name: string, result: Read<T>): T {
  if ('value' in result) return result.value;
  throw new FairleadError('usage', `--${name} cannot be used: ${result.fault}.`, { exit: EXIT.usage });
}
