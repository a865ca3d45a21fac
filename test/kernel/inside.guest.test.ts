// What the tests inside the guest may rely on: another kernel, a bpf file system, IPVS, namespaces, and our add-ons.

import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { release } from 'node:os';
import Database from 'better-sqlite3';
import koffi from 'koffi';
import { expect, it } from 'vitest';

it('runs on the oldest supported kernel', () => {
  expect(release()).toMatch(/^6\.1\./);
});

it('has a bpf file system for pinned programs', () => {
  const BPF_FS_MAGIC = 0xcafe4a11; // include/uapi/linux/magic.h
  expect(statfsSync('/sys/fs/bpf').type).toBe(BPF_FS_MAGIC);
});

it("has the kernel's own IPVS", () => {
  expect(readFileSync('/proc/net/ip_vs', 'utf8')).toContain('IP Virtual Server');
});

it('has network namespaces with veth pairs and a tc ingress hook', () => {
  const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
  ip('netns', 'add', 'probe');
  try {
    ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', 'probe');
    execFileSync('tc', ['qdisc', 'add', 'dev', 'near', 'clsact']);
    expect(execFileSync('tc', ['qdisc', 'show', 'dev', 'near'], { encoding: 'utf8' })).toContain('clsact');
  } finally {
    ip('netns', 'del', 'probe');
  }
});

it('loads the add-ons: SQLite, and the foreign function interface with libbpf', () => {
  const db = new Database(':memory:');
  expect(db.prepare('select 6 * 7 as answer').get()).toEqual({ answer: 42 });
  db.close();
  const version = koffi.load('libbpf.so.1').func('const char *libbpf_version_string()');
  expect(version()).toMatch(/^v1\./);
});
