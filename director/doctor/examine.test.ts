import { describe, expect, it } from 'vitest';
import type { Configuration } from '../config/configuration.ts';
import { parseConfiguration } from '../config/parse.ts';
import { FairleadError } from '../model/error.ts';
import { examine, insist } from './examine.ts';
import type { Finding } from './finding.ts';
import type { Machine } from './machine.ts';

const GOOD: Readonly<Record<string, string>> = {
  '/proc/self/status': 'Name:\tnode\nCapEff:\t000001ffffffffff\n',
  '/proc/sys/kernel/unprivileged_bpf_disabled': '2',
  '/proc/sys/net/core/bpf_jit_enable': '1\n',
  '/proc/mounts': 'bpf /sys/fs/bpf bpf rw 0 0\n',
  '/proc/config.gz': 'CONFIG_NET_SCH_INGRESS=m\nCONFIG_NET_CLS_BPF=y\n',
  '/usr/lib/x86_64-linux-gnu/libbpf.so.1': '',
  '/proc/self/net/dev': 'Inter-|\n face |\n    lo: 0 0\n  eth0: 0 0\n',
  '/sys/class/net/eth0/operstate': 'up\n',
  '/proc/sys/net/ipv4/ip_forward': '1\n',
  '/run/chrony/chronyd.pid': '1',
};

function machine(
  changes: Readonly<Record<string, string | undefined>> = {},
  more: Partial<Machine> = {},
): Machine {
  const files = { ...GOOD, ...changes };
  return {
    read: (path) => files[path],
    exists: (path) => files[path] !== undefined,
    mode: (path) => (files[path] === undefined ? undefined : 0o600),
    kernelRelease: '6.1.0-13-amd64',
    addresses: () => ['10.0.0.100'],
    availableMemory_bytes: () => 8e9,
    now: () => Date.UTC(2030, 0, 1),
    ask: () => 'large-receive-offload: off\n',
    ...more,
  };
}

function configuration(kind = 'ebpf'): Configuration {
  const parsed = parseConfiguration(
    `cluster: web
directors: { lb1: { address: 10.0.0.11 } }
virtual_ips: [{ address: 10.0.0.100/24, interface: eth0 }]
engine: { kind: ${kind}, interfaces: [eth0] }
services:
  www: { listen: "tcp://10.0.0.100:80", scheduler: rr, method: nat, servers: { rs1: { address: 10.1.0.21:80 } } }
`,
    'test.yaml',
  );
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

const bad = (findings: readonly Finding[]): string[] =>
  findings.filter((each) => each.level !== 'ok').map((each) => `${each.level} ${each.check}`);

describe('examine', () => {
  it('finds nothing wrong with a machine that is right', () => {
    expect(bad(examine(machine(), configuration()))).toEqual([]);
  });

  it.each<[string, Record<string, string | undefined>, string]>([
    ['no rights', { '/proc/self/status': 'CapEff:\t0000000000000000\n' }, 'fail privileges'],
    ['CAP_SYS_ADMIN missing but its parts there', { '/proc/self/status': 'CapEff:\t000000c000003000\n' }, ''],
    ['CAP_NET_RAW missing', { '/proc/self/status': 'CapEff:\t000000c000001000\n' }, 'fail privileges'],
    ['no bpf', { '/proc/sys/kernel/unprivileged_bpf_disabled': undefined }, 'fail bpf'],
    ['no JIT', { '/proc/sys/net/core/bpf_jit_enable': '0\n' }, 'warn bpf-jit'],
    ['no bpffs', { '/proc/mounts': '' }, 'warn bpffs'],
    [
      'no tc hook',
      { '/proc/config.gz': '# CONFIG_NET_CLS_BPF is not set\nCONFIG_NET_SCH_INGRESS=y\n' },
      'fail clsact',
    ],
    ['no libbpf', { '/usr/lib/x86_64-linux-gnu/libbpf.so.1': undefined }, 'fail libbpf'],
    ['no interface', { '/proc/self/net/dev': '' }, 'fail interface'],
    ['an interface down', { '/sys/class/net/eth0/operstate': 'down\n' }, 'warn interface'],
    ['no forwarding', { '/proc/sys/net/ipv4/ip_forward': '0\n' }, 'fail forwarding'],
    ['strict reverse paths', { '/proc/sys/net/ipv4/conf/eth0/rp_filter': '1\n' }, 'warn rp-filter'],
    ['room for neighbours', { '/proc/sys/net/ipv4/neigh/default/gc_thresh3': '1024\n' }, ''],
    ['too few neighbours', { '/proc/sys/net/ipv4/neigh/default/gc_thresh3': '128\n' }, 'warn neighbours'],
    ['too few neighbours of the other family', { '/proc/sys/net/ipv6/neigh/default/gc_thresh3': '1\n' }, ''],
    ['no time server', { '/run/chrony/chronyd.pid': undefined }, 'warn clock'],
  ])('%s', (_, changes, expected) => {
    const findings = examine(machine(changes), configuration());
    expect(bad(findings)).toEqual(expected === '' ? [] : [expected]);
    for (const finding of findings) if (finding.level !== 'ok') expect(finding.remedy).toBeTruthy();
  });

  it('sees an old kernel, little memory, a wrong clock, LRO and a VIP that is elsewhere', () => {
    const odd = machine(
      {},
      {
        kernelRelease: '5.10.0',
        availableMemory_bytes: () => 1e6,
        now: () => 0,
        ask: () => 'large-receive-offload: on\n',
        addresses: () => [],
      },
    );
    expect(bad(examine(odd, configuration())).sort()).toEqual([
      'fail kernel',
      'warn clock',
      'warn memory',
      'warn offloads',
      'warn virtual-ip',
    ]);
  });

  it('names a size of the neighbour table that is enough', () => {
    const findings = examine(
      machine({ '/proc/sys/net/ipv4/neigh/default/gc_thresh3': '128\n' }),
      configuration(),
    );
    expect(findings.find((each) => each.check === 'neighbours')?.remedy).toContain(
      'net.ipv4.neigh.default.gc_thresh3=512 net.ipv4.neigh.default.gc_thresh2=256',
    );
  });

  it('asks nothing of the kernel for the memory engine', () => {
    const poor = machine(
      { '/proc/self/status': 'CapEff:\t0\n', '/proc/mounts': '' },
      { kernelRelease: '4.0' },
    );
    expect(bad(examine(poor, configuration('memory')))).toEqual([]);
  });
});

describe('insist', () => {
  it('throws for what makes running pointless, and only warns of what may still be put right', () => {
    expect(() => insist(machine({ '/proc/self/net/dev': '' }), configuration(), '/')).toThrow(FairleadError);
    expect(bad(insist(machine({ '/proc/sys/net/ipv4/ip_forward': '0' }), configuration(), '/'))).toEqual([
      'fail forwarding',
    ]);
  });
});
