// libbpf (1.x), bound call by call: objects, maps, programs, pins, hooks. Guarantees: a failed call throws
// BpfError with the call's name and errno; objects close with their disposal. libbpf's own chatter is off.
import koffi from 'koffi';
import { FairleadError } from '../model/error.ts';
import { SystemError } from './libc.ts';

type Pointer = bigint;

let loaded: ReturnType<typeof bindings> | undefined;

/** libbpf is opened at first use, so that rooms that never touch BPF run where it is not installed. */
function bpf(): ReturnType<typeof bindings> {
  loaded ??= bindings();
  return loaded;
}

function bindings() {
  let library: ReturnType<typeof koffi.load>;
  try {
    library = koffi.load('libbpf.so.1');
  } catch (cause) {
    throw new FairleadError('libbpf-missing', 'libbpf.so.1 is not installed.', {
      remedy: 'Install it: apt install libbpf1',
      cause,
    });
  }
  library.func('void *libbpf_set_print(void *print)')(null);
  return {
    openFile: library.func('void *bpf_object__open_file(const char *path, void *options)'),
    load: library.func('int bpf_object__load(void *object)'),
    closeObject: library.func('void bpf_object__close(void *object)'),
    findMap: library.func('void *bpf_object__find_map_by_name(void *object, const char *name)'),
    findProgram: library.func('void *bpf_object__find_program_by_name(void *object, const char *name)'),
    setMaxEntries: library.func('int bpf_map__set_max_entries(void *map, uint32_t count)'),
    setInitialValue: library.func(
      'int bpf_map__set_initial_value(void *map, void *data, unsigned long length)',
    ),
    reuseFd: library.func('int bpf_map__reuse_fd(void *map, int fd)'),
    mapFd: library.func('int bpf_map__fd(void *map)'),
    programFd: library.func('int bpf_program__fd(void *program)'),
    setAutoload: library.func('int bpf_program__set_autoload(void *program, bool on)'),
    pin: library.func('int bpf_obj_pin(int fd, const char *path)'),
    get: library.func('int bpf_obj_get(const char *path)'),
    info: library.func('int bpf_obj_get_info_by_fd(int fd, void *info, void *length)'),
    update: library.func('int bpf_map_update_elem(int fd, void *key, void *value, uint64_t flags)'),
    lookup: library.func('int bpf_map_lookup_elem(int fd, void *key, void *value)'),
    remove: library.func('int bpf_map_delete_elem(int fd, void *key)'),
    nextKey: library.func('int bpf_map_get_next_key(int fd, void *key, void *next)'),
    run: library.func('int bpf_prog_test_run_opts(int fd, void *options)'),
    hookCreate: library.func('int bpf_tc_hook_create(void *hook)'),
    tcAttach: library.func('int bpf_tc_attach(void *hook, void *options)'),
    tcDetach: library.func('int bpf_tc_detach(void *hook, void *options)'),
    tcQuery: library.func('int bpf_tc_query(void *hook, void *options)'),
    xdpAttach: library.func('int bpf_xdp_attach(int interface, int fd, uint32_t flags, void *options)'),
    xdpDetach: library.func('int bpf_xdp_detach(int interface, uint32_t flags, void *options)'),
    xdpQuery: library.func('int bpf_xdp_query_id(int interface, int flags, void *id)'),
  };
}

const EEXIST = 17;
const ENOENT = 2;
const EINVAL = 22;
const ENODEV = 19;
const LOG_BYTES = (1 << 24) - 1; // the most that kernel 6.1 takes; touched only when a program is refused

/** An opened object file; close it once its maps and programs are pinned or held. */
export class BpfObject implements Disposable {
  readonly #object: Pointer;
  readonly #log: Buffer;
  #open = true;

  constructor(path: string) {
    this.#log = Buffer.allocUnsafe(LOG_BYTES).fill(0, 0, 1);
    // struct bpf_object_open_opts: sz 0, pin_root_path 24, kernel_log_buf 56, kernel_log_size 64, level 72
    const options = Buffer.alloc(80);
    options.writeBigUInt64LE(80n, 0);
    options.writeBigUInt64LE(BigInt(koffi.address(this.#log)), 56);
    options.writeBigUInt64LE(BigInt(LOG_BYTES), 64);
    const object = bpf().openFile(path, options) as Pointer | null;
    if (!object) throw new SystemError('bpf_object__open_file', koffi.errno(), path);
    this.#object = object;
  }

  map(name: string): BpfMapHandle {
    const map = bpf().findMap(this.#object, name) as Pointer | null;
    if (!map) throw new FairleadError('bpf-no-map', `The packet program has no map ${name}.`);
    return new BpfMapHandle(map, name);
  }

  /** Leaves a program out of load(). */
  skip(program: string): void {
    check('bpf_program__set_autoload', bpf().setAutoload(this.#program(program), false));
  }

  /** Hands everything to the kernel. Throws bpf-load-failed with the end of the verifier's log. */
  load(): void {
    const result = bpf().load(this.#object) as number;
    if (result === 0) return;
    const end = this.#log.indexOf(0);
    const log = this.#log
      .toString('latin1', 0, end < 0 ? this.#log.length : end)
      .trimEnd()
      .split('\n')
      .slice(-12)
      .join('\n');
    const error = new SystemError('bpf_object__load', -result);
    throw new FairleadError(
      'bpf-load-failed',
      `The kernel refused the packet program (${error.message}).${log ? `\n${log}` : ''}`,
      {
        remedy:
          'Fairlead needs kernel 6.1 or newer with BPF; run fairlead doctor, or choose engine kind ipvs.',
        cause: error,
      },
    );
  }

  programFd(name: string): number {
    return check('bpf_program__fd', bpf().programFd(this.#program(name)));
  }

  #program(name: string): Pointer {
    const program = bpf().findProgram(this.#object, name) as Pointer | null;
    if (!program) throw new FairleadError('bpf-no-program', `The object file has no program ${name}.`);
    return program;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    bpf().closeObject(this.#object);
  }
}

/** A map inside an object, before and after loading. */
export class BpfMapHandle {
  readonly #map: Pointer;
  readonly name: string;
  constructor(map: Pointer, name: string) {
    this.#map = map;
    this.name = name;
  }
  resize(entries: number): void {
    check('bpf_map__set_max_entries', bpf().setMaxEntries(this.#map, entries));
  }
  setInitialValue(data: Uint8Array): void {
    check('bpf_map__set_initial_value', bpf().setInitialValue(this.#map, data, data.length));
  }
  /** Takes an existing map's place in the object; libbpf duplicates the descriptor. */
  reuse(fd: number): void {
    check('bpf_map__reuse_fd', bpf().reuseFd(this.#map, fd));
  }
  get fd(): number {
    return check('bpf_map__fd', bpf().mapFd(this.#map));
  }
}

export function pin(fd: number, path: string): void {
  check('bpf_obj_pin', bpf().pin(fd, path), path);
}

/** Descriptor of what is pinned there, or undefined when nothing is. */
export function getPinned(path: string): number | undefined {
  const fd = bpf().get(path) as number;
  if (fd >= 0) return fd;
  if (fd === -ENOENT) return undefined;
  throw new SystemError('bpf_obj_get', -fd, path);
}

export interface MapInfo {
  readonly type: number;
  /** Of this map, and of no other one while the machine is up. */
  readonly id: number;
  readonly key_bytes: number;
  readonly value_bytes: number;
  readonly entries_max: number;
}

/** struct bpf_map_info: type, id, key_size, value_size, max_entries. */
export function mapInfo(fd: number): MapInfo {
  const info = new Uint32Array(24);
  check('bpf_obj_get_info_by_fd', bpf().info(fd, info, Uint32Array.of(info.byteLength)));
  return { type: info[0]!, id: info[1]!, key_bytes: info[2]!, value_bytes: info[3]!, entries_max: info[4]! };
}

export function updateElement(fd: number, key: Uint8Array, value: Uint8Array): void {
  check('bpf_map_update_elem', bpf().update(fd, key, value, 0));
}

/** Fills `value`; false when there is no such key. */
export function lookUpElement(fd: number, key: Uint8Array, value: Uint8Array): boolean {
  return found('bpf_map_lookup_elem', bpf().lookup(fd, key, value));
}

/** False when there was no such key. */
export function deleteElement(fd: number, key: Uint8Array): boolean {
  return found('bpf_map_delete_elem', bpf().remove(fd, key));
}

/** The key after `key` (the first when undefined), or false at the end. */
export function nextKey(fd: number, key: Uint8Array | undefined, next: Uint8Array): boolean {
  return found('bpf_map_get_next_key', bpf().nextKey(fd, key ?? null, next));
}

export interface TestRun {
  readonly data?: Uint8Array;
  /** Room for the output; default: input and 256 bytes. */
  readonly room_bytes?: number;
  /** Context to begin with; written back. */
  readonly context?: Uint8Array;
  readonly repeat?: number;
}

export interface TestRunResult {
  readonly value: number;
  readonly data: Uint8Array;
  /** Mean of one repetition. */
  readonly duration_ns: number;
}

/** Runs a program in the kernel on given bytes: BPF_PROG_TEST_RUN. */
export function testRun(programFd: number, run: TestRun): TestRunResult {
  const input = run.data;
  const output = Buffer.alloc(input ? (run.room_bytes ?? input.length + 256) : 0);
  // struct bpf_test_run_opts
  const options = Buffer.alloc(80);
  const view = new DataView(options.buffer, options.byteOffset, options.byteLength);
  view.setBigUint64(0, 80n, true);
  if (input) {
    view.setBigUint64(8, addressOf(input), true);
    view.setBigUint64(16, addressOf(output), true);
    view.setUint32(24, input.length, true);
    view.setUint32(28, output.length, true);
  }
  if (run.context) {
    view.setBigUint64(32, addressOf(run.context), true);
    view.setUint32(48, run.context.length, true);
    if (input) {
      view.setBigUint64(40, addressOf(run.context), true);
      view.setUint32(52, run.context.length, true);
    }
  }
  view.setInt32(60, run.repeat ?? (input ? 1 : 0), true);
  check('bpf_prog_test_run_opts', bpf().run(programFd, options));
  return {
    value: view.getUint32(56, true),
    data: new Uint8Array(output.buffer, output.byteOffset, Math.min(view.getUint32(28, true), output.length)),
    duration_ns: view.getUint32(64, true),
  };
}

function addressOf(bytes: Uint8Array): bigint {
  return BigInt(koffi.address(bytes));
}

const TC_POINT = { ingress: 1, egress: 2 } as const;
const TC_REPLACE = 1;

/** Where a filter of Fairlead's stands on an interface's clsact; nothing else is touched. */
export interface TcPlace {
  readonly interface_index: number;
  readonly handle: number;
  readonly priority: number;
  /** Default: ingress. */
  readonly point?: keyof typeof TC_POINT;
}

/** Attaches, or swaps the program of the filter that already stands there, in one step. */
export function attachTc(place: TcPlace, programFd: number): void {
  const created = bpf().hookCreate(tcHook(place)) as number;
  if (created < 0 && created !== -EEXIST) throw new SystemError('bpf_tc_hook_create', -created);
  const options = tcOptions(place);
  options.writeInt32LE(programFd, 8);
  options.writeUInt32LE(TC_REPLACE, 12);
  check('bpf_tc_attach', bpf().tcAttach(tcHook(place), options));
}

/** False when nothing of ours stood there. The clsact qdisc stays, others may use it. */
export function detachTc(place: TcPlace): boolean {
  const result = bpf().tcDetach(tcHook(place), tcOptions(place)) as number;
  if (result === 0) return true;
  if (result === -ENOENT || result === -EINVAL) return false;
  throw new SystemError('bpf_tc_detach', -result);
}

/** Which program stands there, by its number; undefined when none does. */
export function queryTc(place: TcPlace): number | undefined {
  const options = tcOptions(place);
  const result = bpf().tcQuery(tcHook(place), options) as number;
  if (result === 0) return options.readUInt32LE(16);
  if (result === -ENOENT || result === -EINVAL || result === -ENODEV) return undefined;
  throw new SystemError('bpf_tc_query', -result);
}

/** The number that the kernel knows a program by: struct bpf_prog_info: type, id. */
export function programId(fd: number): number {
  const info = new Uint32Array(64);
  check('bpf_obj_get_info_by_fd', bpf().info(fd, info, Uint32Array.of(info.byteLength)));
  return info[1]!;
}

/** struct bpf_tc_hook: sz, ifindex, attach_point, parent. */
function tcHook(place: TcPlace): Buffer {
  const hook = Buffer.alloc(24);
  hook.writeBigUInt64LE(24n, 0);
  hook.writeInt32LE(place.interface_index, 8);
  hook.writeUInt32LE(TC_POINT[place.point ?? 'ingress'], 12);
  return hook;
}

/** struct bpf_tc_opts: sz, prog_fd, flags, prog_id, handle, priority. */
function tcOptions(place: TcPlace): Buffer {
  const options = Buffer.alloc(32);
  options.writeBigUInt64LE(32n, 0);
  options.writeUInt32LE(place.handle, 20);
  options.writeUInt32LE(place.priority, 24);
  return options;
}

export const XDP_FLAGS_UPDATE_IF_NOEXIST = 1;
export const XDP_FLAGS_DRV_MODE = 4;

export function attachXdp(interfaceIndex: number, programFd: number, flags: number): void {
  check('bpf_xdp_attach', bpf().xdpAttach(interfaceIndex, programFd, flags, null));
}

export function detachXdp(interfaceIndex: number, flags: number): void {
  check('bpf_xdp_detach', bpf().xdpDetach(interfaceIndex, flags, null));
}

/** Which program stands there, by its number; undefined when none does. */
export function queryXdp(interfaceIndex: number, flags: number): number | undefined {
  const id = new Uint32Array(1);
  return bpf().xdpQuery(interfaceIndex, flags, id) === 0 && id[0] !== 0 ? id[0] : undefined;
}

function check(call: string, result: number, subject?: string): number {
  if (result < 0) throw new SystemError(call, -result, subject);
  return result;
}

function found(call: string, result: number): boolean {
  if (result === -ENOENT) return false;
  check(call, result);
  return true;
}
