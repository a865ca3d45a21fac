// Every metric that there is, with all of its labels: what the tests hold documents, dashboard and alert rules against.
import {
  IPVS_FAMILIES,
  IPVS_SERVER_FAMILIES,
  KEEPALIVED_FAMILIES,
  KEEPALIVED_LINK_FAMILIES,
  KEEPALIVED_SERVER_FAMILIES,
  KEEPALIVED_SERVICE_FAMILIES,
} from './compatible-families.ts';
import { DIRECTOR_FAMILIES } from './director-families.ts';
import type { Family } from './family.ts';
import { LINK_FAMILIES, PAIR_FAMILIES } from './pair-families.ts';
import { OMITTED_FAMILIES, UP_FAMILIES } from './render.ts';
import { CHECK_FAMILIES, SERVER_FAMILIES, SERVICE_FAMILIES } from './service-families.ts';

export interface MetricEntry {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
}

function of<S>(families: readonly Family<S>[], ...subject: string[]): MetricEntry[] {
  return families.map((family) => ({
    ...{ name: family.name, type: family.type, help: family.help },
    labels: [...subject, ...('labels' in family ? family.labels : 'states' in family ? [family.label] : [])],
  }));
}

const IPVS = ['local_address', 'local_port', 'remote_address', 'remote_port', 'proto', 'local_mark'];

export const CATALOGUE: readonly MetricEntry[] = [
  ...of(UP_FAMILIES),
  ...of(DIRECTOR_FAMILIES),
  ...of(PAIR_FAMILIES),
  ...of(LINK_FAMILIES, 'link', 'kind'),
  ...of(SERVICE_FAMILIES, 'service'),
  ...of(SERVER_FAMILIES, 'service', 'server'),
  ...of(CHECK_FAMILIES, 'service', 'server', 'kind', 'what'),
  ...of(OMITTED_FAMILIES),
  ...of(IPVS_FAMILIES),
  ...of(IPVS_SERVER_FAMILIES, ...IPVS),
  ...of(KEEPALIVED_FAMILIES),
  ...of(KEEPALIVED_LINK_FAMILIES, 'name', 'intf', 'vrid', 'state'),
  ...of(KEEPALIVED_SERVICE_FAMILIES, 'addr', 'proto'),
  ...of(KEEPALIVED_SERVER_FAMILIES, 'vip', 'addr', 'proto'),
];
