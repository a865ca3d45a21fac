// Reads what a BPF object file says of itself: sections, and the types in its BTF (kernel:
// Documentation/bpf/btf.rst). Only what comparing records, enumerations and constant data needs.
import { readFileSync } from 'node:fs';

interface BtfRecord {
  readonly size: number;
  /** Offsets in bytes by name; members of unnamed unions among them. */
  readonly members: Readonly<Record<string, number>>;
}

export interface BpfObjectFile {
  /** Throws for a section that is not there. */
  section(name: string): Buffer;
  /** A struct by name. Throws for one that the object does not use. */
  record(name: string): BtfRecord;
  /** Values of an enumeration in order. Throws for one that the object does not use. */
  enumeration(name: string): Readonly<Record<string, number>>;
}

const KIND = { int: 1, array: 3, struct: 4, union: 5, enum: 6, functionPrototype: 13, variable: 14 } as const;
const DATA_SECTION = 15;
const DECLARATION_TAG = 17;
const ENUM64 = 19;
const BTF_MAGIC = 0xeb9f;
const TYPE_BYTES = 12;

interface Type {
  readonly name: string;
  readonly kind: number;
  readonly count: number;
  readonly size: number;
  /** Where what follows the common part begins. */
  readonly at: number;
}

export function readBpfObject(path: string): BpfObjectFile {
  const file = readFileSync(path);
  const sections = readSections(file);
  const section = (name: string): Buffer => {
    const found = sections.get(name);
    if (!found) throw new Error(`${path} has no section ${name}`);
    return found;
  };
  const btf = readTypes(section('.BTF'));
  const typeOf = (kind: number, name: string): Type => {
    const found = btf.types.find((type) => type.kind === kind && type.name === name);
    if (!found) throw new Error(`${path} does not use ${name}`);
    return found;
  };
  return {
    section,
    record(name) {
      const type = typeOf(KIND.struct, name);
      return { size: type.size, members: Object.fromEntries(btf.members(type)) };
    },
    enumeration: (name) => Object.fromEntries(btf.values(typeOf(KIND.enum, name))),
  };
}

/** ELF64, little endian. */
function readSections(file: Buffer): Map<string, Buffer> {
  const [start, size, count, names] = [0x28, 0x3a, 0x3c, 0x3e].map((at, index) =>
    index === 0 ? Number(file.readBigUInt64LE(at)) : file.readUInt16LE(at),
  ) as [number, number, number, number];
  const headers = Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    const [offset, length] = [Number(file.readBigUInt64LE(at + 24)), Number(file.readBigUInt64LE(at + 32))];
    return { name: file.readUInt32LE(at), data: file.subarray(offset, offset + length) };
  });
  const text = headers[names]!.data;
  return new Map(headers.map(({ name, data }) => [textAt(text, name), data]));
}

function readTypes(data: Buffer) {
  if (data.readUInt16LE(0) !== BTF_MAGIC) throw new Error('this is no BTF');
  const header = data.readUInt32LE(4);
  const [typesAt, typesLength, namesAt, namesLength] = [8, 12, 16, 20].map((at) => data.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  const bytes = data.subarray(header + typesAt, header + typesAt + typesLength);
  const text = data.subarray(header + namesAt, header + namesAt + namesLength);
  const types: Type[] = [{ name: 'void', kind: 0, count: 0, size: 0, at: 0 }];
  for (let at = 0; at < bytes.length; ) {
    const info = bytes.readUInt32LE(at + 4);
    const type = {
      name: textAt(text, bytes.readUInt32LE(at)),
      kind: (info >>> 24) & 0x1f,
      count: info & 0xffff,
      size: bytes.readUInt32LE(at + 8),
      at: at + TYPE_BYTES,
    };
    types.push(type);
    at = type.at + trailerBytes(type);
  }
  function* members(type: Type, base = 0): Generator<[string, number]> {
    for (let index = 0; index < type.count; index++) {
      const at = type.at + index * 12;
      const name = textAt(text, bytes.readUInt32LE(at));
      const offset = base + (bytes.readUInt32LE(at + 8) & 0xffffff) / 8;
      const inner = types[bytes.readUInt32LE(at + 4)]!;
      if (name === '' && (inner.kind === KIND.union || inner.kind === KIND.struct))
        yield* members(inner, offset);
      else yield [name, offset];
    }
  }
  function* values(type: Type): Generator<[string, number]> {
    for (let index = 0; index < type.count; index++) {
      const at = type.at + index * 8;
      yield [textAt(text, bytes.readUInt32LE(at)), bytes.readUInt32LE(at + 4)];
    }
  }
  return { types, members, values };
}

/** Bytes behind a type's common part. */
function trailerBytes({ kind, count }: Pick<Type, 'kind' | 'count'>): number {
  switch (kind) {
    case KIND.int:
    case KIND.variable:
    case DECLARATION_TAG:
      return 4;
    case KIND.array:
      return 12;
    case KIND.struct:
    case KIND.union:
    case DATA_SECTION:
    case ENUM64:
      return count * 12;
    case KIND.enum:
    case KIND.functionPrototype:
      return count * 8;
    default:
      return 0;
  }
}

function textAt(text: Buffer, at: number): string {
  return text.toString('latin1', at, text.indexOf(0, at));
}
