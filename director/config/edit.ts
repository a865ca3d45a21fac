// Changes of single servers in the text of a configuration. Only the place that is meant is rewritten: comments, order
// and layout of everything else stay to the letter. The result is read again and must differ from the old
// configuration in exactly what was asked, or the edit is refused.
import { isAlias, isMap, isScalar, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { EXIT, FairleadError } from '../model/error.ts';
import type { Method } from '../model/service.ts';
import type { Configuration, ServerConfig } from './configuration.ts';
import { parseConfiguration } from './parse.ts';
import { ConfigurationError, formatProblem } from './problem.ts';
import { quote } from './quote.ts';
import { appendEntry, contentEnd, type Place, removeEntry, splice } from './text-edit.ts';
import { keyText } from './tree.ts';

/** As written in the file; what is left out is left to the service or the default. */
export interface NewServer {
  readonly address: string;
  readonly method?: Method;
  readonly weight?: number;
  readonly probe_port?: number;
}

/** Throws FairleadError (exit 2) like the others here: nothing is half done. */
export function setServerWeight(text: string, service: string, server: string, weight: number): string {
  const before = configurationOf(text);
  const { servers } = findServers(text, service);
  const pair = findServer(servers, service, server);
  const map = mapOf(pair.value as Node | null, `server ${quote(server)}`);
  const old = pairOf(map, 'weight');
  const edited = old
    ? splice(text, rangeOf(old.value as Node | null), String(weight))
    : appendEntry(text, map, `weight: ${weight}`);
  return verified(
    edited,
    changed(before, service, (all) => all.map((each) => (each.name === server ? { ...each, weight } : each))),
  );
}

export function addServer(text: string, service: string, name: string, server: NewServer): string {
  const before = configurationOf(text);
  const { servers, place, body } = findServers(text, service);
  if (servers && pairOf(servers, name))
    throw refusal('server-exists', `service ${quote(service)} already has a server ${quote(name)}`);
  const entry = `${name}: ${formatServer(server)}`;
  const edited = servers
    ? appendEntry(text, servers, entry)
    : place
      ? splice(text, place, ` { ${entry} }`)
      : appendEntry(text, body, `servers: { ${entry} }`);
  return verified(
    edited,
    changed(before, service, (all, after) => [...all, ...after.filter((each) => each.name === name)]),
  );
}

export function removeServer(text: string, service: string, server: string): string {
  const before = configurationOf(text);
  const { servers } = findServers(text, service);
  const pair = findServer(servers, service, server);
  const edited = removeEntry(text, servers!, pair);
  return verified(
    edited,
    changed(before, service, (all) => all.filter((each) => each.name !== server)),
  );
}

interface FoundServers {
  readonly body: YAMLMap;
  /** Undefined: there is no such key, or nothing stands behind it. */
  readonly servers: YAMLMap | undefined;
  /** Where the mapping is to stand, if its key has nothing behind it. */
  readonly place: Place | undefined;
}

function findServers(text: string, service: string): FoundServers {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, logLevel: 'silent' });
  const services = pairOf(mapOf(document.contents, 'the configuration'), 'services')?.value as Node | null;
  const found = isMap(services) ? pairOf(services, service) : undefined;
  if (!found)
    throw refusal(
      'unknown-service',
      `there is no service ${quote(service)}`,
      'see the names under `services`',
    );
  const body = mapOf(found.value as Node | null, `service ${quote(service)}`);
  const servers = pairOf(body, 'servers');
  if (!servers) return { body, servers: undefined, place: undefined };
  const value = servers.value as Node | null;
  if (value !== null && !(isScalar(value) && value.value === null))
    return { body, servers: mapOf(value, 'servers'), place: undefined };
  const colon = text.indexOf(':', contentEnd(text, servers.key as Node)) + 1;
  return { body, servers: undefined, place: [colon, colon] };
}

function findServer(servers: YAMLMap | undefined, service: string, server: string): Pair {
  const pair = servers && pairOf(servers, server);
  if (pair) return pair;
  throw refusal('unknown-server', `service ${quote(service)} has no server ${quote(server)}`);
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => keyText(pair.key as Node | null) === key);
}

function mapOf(node: Node | null | undefined, what: string): YAMLMap {
  if (isMap(node)) return node;
  const message = `${what} is ${isAlias(node) ? 'an alias' : 'no mapping'} in the file`;
  throw refusal('edit-refused', message, 'edit the file by hand');
}

function rangeOf(node: Node | null): Place {
  if (!node?.range)
    throw refusal('edit-refused', 'the value has no place in the file', 'edit the file by hand');
  return [node.range[0], node.range[1]];
}

function formatServer({ address, method, weight, probe_port }: NewServer): string {
  // Colons and brackets mean something to YAML; a plain IPv4 address with a port is safe.
  const plain = /^[\d.]+(?::\d+)?$/.test(address);
  const fields = [
    `address: ${plain ? address : JSON.stringify(address)}`,
    ...(method === undefined ? [] : [`method: ${method}`]),
    ...(weight === undefined ? [] : [`weight: ${weight}`]),
    ...(probe_port === undefined ? [] : [`probe_port: ${probe_port}`]),
  ];
  return `{ ${fields.join(', ')} }`;
}

function configurationOf(text: string): Configuration {
  const parsed = parseConfiguration(text, 'configuration');
  if ('problems' in parsed) throw new ConfigurationError(parsed.problems);
  return parsed.configuration;
}

type Expectation = (after: Configuration) => Configuration;

/** The old configuration with the servers of one service as they should be afterwards. */
function changed(
  before: Configuration,
  service: string,
  change: (servers: readonly ServerConfig[], after: readonly ServerConfig[]) => readonly ServerConfig[],
): Expectation {
  return (after) => {
    const now = after.services.find((each) => each.name === service)?.servers ?? [];
    const edit = (each: Configuration['services'][number]) =>
      each.name === service ? { ...each, servers: change(each.servers, now) } : each;
    return { ...before, services: before.services.map(edit) };
  };
}

function verified(edited: string, expectation: Expectation): string {
  const parsed = parseConfiguration(edited, 'configuration');
  if ('problems' in parsed) {
    const [first] = parsed.problems;
    throw refusal('edit-refused', `the configuration would be wrong then: ${formatProblem(first!)}`);
  }
  // Both were made by the same reader, so that equal ones have their keys in the same order too.
  if (JSON.stringify(parsed.configuration) === JSON.stringify(expectation(parsed.configuration)))
    return edited;
  throw refusal(
    'edit-refused',
    'the edit would change something else too, as parts of the file are shared by an alias',
    'edit the file by hand',
  );
}

function refusal(code: string, message: string, remedy?: string): FairleadError {
  return new FairleadError(code, message, { exit: EXIT.usage, ...(remedy === undefined ? {} : { remedy }) });
}
