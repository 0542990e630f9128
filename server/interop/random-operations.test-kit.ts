/**
 * Random operations of clients, the same for the same seed, and their answers as text that two servers can
 * share.
 */

import { isWrite } from '../processors/request.ts';
import { seededRandom } from '../storage/storage.test-kit.ts';
import { type Acl, OPEN_ACL_UNSAFE, Perms, readAcl } from '../wire/acl.ts';
import { ErrorCode, errorName } from '../wire/error-codes.ts';
import type { JuteReader, JuteWriter } from '../wire/jute.ts';
import { readMultiHeader, writeMultiEnd, writeMultiHeader } from '../wire/multi.ts';
import { OpCode, opName } from '../wire/opcodes.ts';
import {
  writeAuthRequest,
  writeCreateRequest,
  writePathVersionRequest,
  writePathWatchRequest,
  writeSetAclRequest,
  writeSetDataRequest,
} from '../wire/requests.ts';
import { readStat } from '../wire/stat.ts';
import type { Reply } from './zk-client.test-kit.ts';

export interface Operation {
  readonly op: number;
  /** The operation as a failing test shows it. */
  readonly text: string;
  write(writer: JuteWriter): void;
}

const NAMES = ['a', 'b', 'c', 'd'];
/** Paths that are refused in one way or another. They are few, so that most operations succeed. */
const ODD_PATHS = ['/', '/a/', '/a//b', '/a/./b', '/a/..', 'a', '/zookeeper', '/zookeeper/quota'];
const WRITES = [
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.delete,
  OpCode.setData,
] as const;
/** Bad paths for writes alone. */
const ODD_WRITE_PATHS = ['', 'a/b', '/a\0b', '/a\0', '\0', '/zookeeper/config', '//'];
const CONTAINER = 4;
/** 4 makes a plain node of a create; a TTL needs extended types. */
const ODD_FLAGS = [CONTAINER, 5, 6, 7, 9, 127, -1];
const TTL_FLAGS = [5, 6];
const USER_ID = 'user:smGaoVKd/cQkjm7b88GyorAUz20=';

const acl = (perms: number, scheme: string, id: string): Acl => ({ perms, id: { scheme, id } });
const ACLS: readonly (readonly Acl[] | null)[] = [
  [acl(Perms.READ, 'world', 'anyone')],
  [acl(Perms.ALL, 'digest', USER_ID)],
  [acl(Perms.READ | Perms.CREATE, 'world', 'anyone'), acl(Perms.ALL, 'digest', USER_ID)],
  [acl(Perms.ALL, 'auth', '')],
  [acl(Perms.ALL, 'ip', '127.0.0.0/8')],
  [acl(Perms.ALL, 'ip', '10.0.0.1')],
  [acl(Perms.ALL & ~Perms.DELETE, 'world', 'anyone')],
  [acl(Perms.ALL, 'nobody-knows', 'x')],
  [acl(Perms.ALL, 'digest', 'no-colon')],
  [acl(Perms.ALL, 'ip', '300.1.1.1')],
  [acl(Perms.ALL, 'world', 'someone')],
  [],
  null,
];

export class OperationSource {
  readonly #random: ReturnType<typeof seededRandom>;
  readonly #hasTtlNodes: boolean;

  /** `hasTtlNodes`: the servers have extended types, so TTL nodes are asked for more often. */
  constructor(seed: number, hasTtlNodes = false) {
    this.#random = seededRandom(seed);
    this.#hasTtlNodes = hasTtlNodes;
  }

  below(bound: number): number {
    return this.#random.below(bound);
  }

  #one<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  }

  #path(): string {
    if (this.below(25) === 0) return this.#one(ODD_PATHS);
    const depth = 1 + this.below(3);
    return Array.from({ length: depth }, () => `/${this.#one(NAMES)}`).join('');
  }

  #writePath(): string {
    return this.below(25) === 0 ? this.#one(ODD_WRITE_PATHS) : this.#path();
  }

  #data(): Buffer | null {
    const kind = this.below(10);
    if (kind === 0) return null;
    return Buffer.from('x'.repeat(kind === 1 ? 0 : this.below(40)));
  }

  #acl(): readonly Acl[] | null {
    return this.below(6) > 0 ? OPEN_ACL_UNSAFE : this.#one(ACLS);
  }

  #version(): number {
    return this.below(3) > 0 ? -1 : this.below(4);
  }

  next(): Operation {
    const kind = this.below(20);
    if (kind < 9)
      return this.#takesTtl() ? this.#createTtl(this.#ttlFlags()) : this.#write(this.#one(WRITES));
    if (kind === 9) return this.#setAcl();
    if (kind === 10) return this.#auth();
    if (kind < 13) return this.#multi();
    if (kind === 13) return this.#multiRead();
    return this.#read();
  }

  /**
   * `list` is never null within a multi: on an ensemble led by Apache's 3.9.5 that ends every write, and ours
   * refuses it beforehand. Invalid flags, and flags of a TTL in a create, are left out of a multi too,
   * because each version treats them differently.
   */
  #write(
    op: (typeof WRITES)[number],
    list = this.#acl(),
    oddFlags: readonly number[] = ODD_FLAGS,
  ): Operation {
    const path = this.#writePath();
    const version = this.#version();
    const data = this.#data();
    if (op === OpCode.delete) {
      return {
        op,
        text: `delete ${path} ${version}`,
        write: w => writePathVersionRequest(w, { path, version }),
      };
    }
    if (op === OpCode.setData) {
      return {
        op,
        text: `setData ${path} ${version}`,
        write: w => writeSetDataRequest(w, { path, data, version }),
      };
    }
    const plain = this.below(15) === 0 ? this.#one(oddFlags) : this.below(4);
    // 3.8.0 accepts createContainer with other flags; ours refuses it on purpose.
    const flags = op === OpCode.createContainer ? CONTAINER : plain;
    const text = `${opName(op)} ${path} flags ${flags} acl ${JSON.stringify(list)}`;
    return { op, text, write: w => writeCreateRequest(w, { path, data, acl: list, flags }) };
  }

  #takesTtl(): boolean {
    return this.below(this.#hasTtlNodes ? 4 : 30) === 0;
  }

  #ttlFlags(): number {
    return this.#hasTtlNodes && this.below(3) > 0 ? this.#one(TTL_FLAGS) : this.below(9);
  }

  /**
   * The time to live is always positive: with a smaller one, 3.8.0 proposes a transaction that no server can
   * apply.
   */
  #createTtl(flags: number): Operation {
    const request = { path: this.#path(), data: this.#data(), acl: this.#acl() ?? [], flags };
    const ttlMs = 1 + this.below(1000);
    return {
      op: OpCode.createTTL,
      text: `createTTL ${request.path} flags ${request.flags} ${ttlMs} ms`,
      write(w) {
        writeCreateRequest(w, request);
        w.writeLong(ttlMs);
      },
    };
  }

  #setAcl(): Operation {
    const path = this.#writePath();
    const list = this.below(2) === 0 ? OPEN_ACL_UNSAFE : this.#one(ACLS);
    const version = this.#version();
    const text = `setACL ${path} ${JSON.stringify(list)} ${version}`;
    return { op: OpCode.setACL, text, write: w => writeSetAclRequest(w, { path, acl: list, version }) };
  }

  #auth(): Operation {
    const auth = this.#one(['user:pass', 'other:pass']);
    const request = { type: 0, scheme: 'digest', auth: Buffer.from(auth) };
    return { op: OpCode.auth, text: `auth digest ${auth}`, write: w => writeAuthRequest(w, request) };
  }

  #check(): Operation {
    const path = this.#path();
    const version = this.#version();
    const write = (w: JuteWriter) => writePathVersionRequest(w, { path, version });
    return { op: OpCode.check, text: `check ${path} ${version}`, write };
  }

  #multi(): Operation {
    const parts = Array.from({ length: this.below(5) }, () => this.#part());
    return compound(OpCode.multi, parts);
  }

  #part(): Operation {
    if (this.below(5) === 0) return this.#check();
    if (this.#takesTtl()) return this.#createTtl(this.#one(TTL_FLAGS));
    return this.#write(this.#one(WRITES), this.#acl() ?? [], [CONTAINER]);
  }

  #multiRead(): Operation {
    const parts = Array.from({ length: this.below(5) }, () => {
      const path = this.#path();
      const op = this.#one([OpCode.getData, OpCode.getChildren]);
      const write = (w: JuteWriter) => writePathWatchRequest(w, { path, watch: false });
      return { op, text: `${opName(op)} ${path}`, write };
    });
    return compound(OpCode.multiRead, parts);
  }

  #read(): Operation {
    const path = this.#path();
    const watched = [OpCode.exists, OpCode.getData, OpCode.getChildren, OpCode.getChildren2];
    const plain = [OpCode.getACL, OpCode.getEphemerals, OpCode.getAllChildrenNumber];
    const withNumber = [OpCode.addWatch, OpCode.removeWatches, OpCode.checkWatches];
    const op = this.#one([...watched, ...watched, ...plain, ...withNumber, OpCode.whoAmI]);
    if (op === OpCode.whoAmI) return { op, text: 'whoAmI', write() {} };
    if (plain.some(known => known === op)) {
      return { op, text: `${opName(op)} ${path}`, write: w => void w.writeString(path) };
    }
    if (withNumber.some(known => known === op)) {
      if (op === OpCode.addWatch) return addWatch(persistentArea(path));
      const number = path.startsWith(PERSISTENT_AREA) ? ANY_WATCH : 1 + this.below(ANY_WATCH);
      return {
        op,
        text: `${opName(op)} ${path} ${number}`,
        write: w => void w.writeString(path).writeInt(number),
      };
    }
    const watch = this.below(2) === 0 && !path.startsWith(PERSISTENT_AREA);
    const write = (w: JuteWriter) => writePathWatchRequest(w, { path, watch });
    return { op, text: `${opName(op)} ${path} watch ${watch}`, write };
  }
}

/**
 * Persistent watches keep to one subtree, and to one mode for each path: 3.8 confuses watches of different
 * modes where they overlap (ZOOKEEPER-4466), and keeps recursive ones in both its tables; ours is as 3.9. So
 * they are removed with type "any".
 */
const PERSISTENT_AREA = '/d';
const ANY_WATCH = 3;

function persistentArea(path: string): string {
  return path.replace(/^\/\w/, PERSISTENT_AREA);
}

function addWatch(path: string): Operation {
  const mode = path.length % 4 === 0 ? 0 : 1;
  const write = (w: JuteWriter) => void w.writeString(path).writeInt(mode);
  return { op: OpCode.addWatch, text: `addWatch ${path} ${mode}`, write };
}

function compound(op: number, parts: readonly Operation[]): Operation {
  return {
    op,
    text: `${opName(op)} [${parts.map(part => part.text).join('; ')}]`,
    write(writer) {
      for (const part of parts) {
        writeMultiHeader(writer, part.op, false, -1);
        part.write(writer);
      }
      writeMultiEnd(writer);
    },
  };
}

/**
 * Numbers the changes of one ensemble in their order, to compare those instead of zxids: Apache's servers
 * spend a zxid on each refusal, ours only on refusals that depend on the tree.
 */
export class Changes {
  readonly #numbers = new Map<number, number>();

  /** `zxid` must belong to a transaction that changed something. */
  made(zxid: number): string {
    this.#numbers.set(zxid, this.#numbers.size + 1);
    return this.nameOf(zxid);
  }

  nameOf(zxid: number): string {
    const number = this.#numbers.get(zxid);
    return number === undefined ? `zxid 0x${zxid.toString(16)}` : `change ${number}`;
  }
}

/** Names for values that differ between two servers, so that their answers can be compared. */
export interface AnswerNames {
  session(id: bigint): string;
  readonly changes: Changes;
}

export function answerOf(op: number, reply: Reply, names: AnswerNames): string {
  const code = errorName(reply.err);
  if (reply.err !== ErrorCode.OK) return code;
  const isChange = isWrite(op) && !(op === OpCode.multi && isFailedMulti(reply.body));
  const head = isChange ? `${names.changes.made(reply.zxid)} ${code}` : code;
  const body = bodyOf(op, reply.body, names);
  return reply.body.remaining === 0 ? `${head} ${body}` : `${head} ${body} and ${reply.body.remaining} bytes`;
}

/** All parts of a failed multi are errors. */
function isFailedMulti(reader: JuteReader): boolean {
  const at = reader.offset;
  const { type, done } = readMultiHeader(reader);
  reader.offset = at;
  return type === OpCode.error && !done;
}

function statOf(reader: JuteReader, { session, changes }: AnswerNames): string {
  const { ctime, mtime, ephemeralOwner, czxid, mzxid, pzxid, ...rest } = readStat(reader);
  const zxids = [czxid, mzxid, pzxid].map(zxid => changes.nameOf(zxid)).join(', ');
  return `${JSON.stringify(rest)} ${zxids} ${session(ephemeralOwner)} ${mtime >= ctime}`;
}

function namesOf(reader: JuteReader): string {
  return (reader.readVector(r => r.readString() ?? '') ?? []).sort().join(',');
}

function dataOf(reader: JuteReader): string {
  return String(reader.readBuffer()?.toString('latin1') ?? null);
}

function bodyOf(op: number, reader: JuteReader, names: AnswerNames): string {
  const stat = () => statOf(reader, names);
  switch (op) {
    case OpCode.create:
      return String(reader.readString());
    case OpCode.create2:
    case OpCode.createContainer:
      return `${reader.readString()} ${stat()}`;
    case OpCode.exists:
    case OpCode.setData:
    case OpCode.setACL:
      return stat();
    case OpCode.getData:
      return `${dataOf(reader)} ${stat()}`;
    case OpCode.getChildren:
    case OpCode.getEphemerals:
      return namesOf(reader);
    case OpCode.getChildren2:
      return `${namesOf(reader)} ${stat()}`;
    case OpCode.getACL:
      return `${JSON.stringify(reader.readVector(readAcl))} ${stat()}`;
    case OpCode.getAllChildrenNumber:
    case OpCode.addWatch:
      return String(reader.readInt());
    case OpCode.whoAmI:
      return JSON.stringify(reader.readVector(r => `${r.readString()} ${r.readString()}`)?.sort());
    case OpCode.multi:
    case OpCode.multiRead:
      return partsOf(reader, names);
    default:
      return '';
  }
}

function partsOf(reader: JuteReader, names: AnswerNames): string {
  const parts: string[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    if (header.type === OpCode.error) parts.push(`${errorName(header.err)} ${errorName(reader.readInt())}`);
    // 3.8.0 answers a create2 within a multi as a create, without its stat.
    else if (header.type === OpCode.create2)
      parts.push(`created ${bodyOf(header.type, reader, names)}`.split(' {')[0] ?? '');
    else if (header.type === OpCode.create) parts.push(`created ${bodyOf(header.type, reader, names)}`);
    else parts.push(`${opName(header.type)} ${bodyOf(header.type, reader, names)}`);
  }
  return parts.join('; ');
}
