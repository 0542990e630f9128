import { type Acl, readAcls, writeAcl } from './acl.ts';
import { JuteError, type JuteReader, type JuteWriter } from './jute.ts';

/**
 * Bodies of client requests, in the order of docs/wire.md "Operations". Headers are two ints: xid and type.
 */

/** Paths and path lists are never null in a request. */
export function readPath(reader: JuteReader): string {
  const path = reader.readString();
  if (path === null) throw new JuteError('the path is null');
  return path;
}

/**
 * Reads the path of an operation that upstream checks first of all: a null path is a bad path there, like ""
 * (BADARGUMENTS), while other operations fail on it with MARSHALLINGERROR.
 */
function readCheckedPath(reader: JuteReader): string {
  return reader.readString() ?? '';
}

/** create, create2, createContainer */
export interface CreateRequest {
  path: string;
  data: Buffer | null;
  acl: readonly Acl[] | null;
  /** CreateMode: 0 persistent, 1 ephemeral, 2 sequential, 3 both, 4 container, 5 and 6 with a TTL */
  flags: number;
}

export function readCreateRequest(reader: JuteReader): CreateRequest {
  return {
    path: readPath(reader),
    data: reader.readBuffer(),
    acl: readAcls(reader),
    flags: reader.readInt(),
  };
}

export function writeCreateRequest(
  writer: JuteWriter,
  request: { path: string; data: Uint8Array | null; acl: readonly Acl[] | null; flags: number },
): void {
  writer
    .writeString(request.path)
    .writeBuffer(request.data)
    .writeVector(request.acl, writeAcl)
    .writeInt(request.flags);
}

export interface CreateTtlRequest extends CreateRequest {
  /** Whatever the client sent: not every value is a time to live. */
  ttlMs: number;
}

export function readCreateTtlRequest(reader: JuteReader): CreateTtlRequest {
  return { ...readCreateRequest(reader), ttlMs: reader.readLong() };
}

/** delete and, inside multi, check */
export interface PathVersionRequest {
  path: string;
  /** -1 matches any version */
  version: number;
}

export function readPathVersionRequest(reader: JuteReader): PathVersionRequest {
  return { path: readPath(reader), version: reader.readInt() };
}

export function writePathVersionRequest(writer: JuteWriter, request: PathVersionRequest): void {
  writer.writeString(request.path).writeInt(request.version);
}

/** exists, getData, getChildren, getChildren2 */
export interface PathWatchRequest {
  path: string;
  watch: boolean;
}

export function readPathWatchRequest(reader: JuteReader): PathWatchRequest {
  return { path: readPath(reader), watch: reader.readBoolean() };
}

export function writePathWatchRequest(writer: JuteWriter, request: PathWatchRequest): void {
  writer.writeString(request.path).writeBoolean(request.watch);
}

export interface SetDataRequest {
  path: string;
  data: Buffer | null;
  version: number;
}

export function readSetDataRequest(reader: JuteReader): SetDataRequest {
  return { path: readCheckedPath(reader), data: reader.readBuffer(), version: reader.readInt() };
}

export function writeSetDataRequest(
  writer: JuteWriter,
  request: { path: string; data: Uint8Array | null; version: number },
): void {
  writer.writeString(request.path).writeBuffer(request.data).writeInt(request.version);
}

export interface SetAclRequest {
  path: string;
  acl: readonly Acl[] | null;
  version: number;
}

export function readSetAclRequest(reader: JuteReader): SetAclRequest {
  return { path: readCheckedPath(reader), acl: readAcls(reader), version: reader.readInt() };
}

export function writeSetAclRequest(
  writer: JuteWriter,
  request: { path: string; acl: readonly Acl[] | null; version: number },
): void {
  writer.writeString(request.path).writeVector(request.acl, writeAcl).writeInt(request.version);
}

/** auth; xid -4 */
export interface AuthRequest {
  type: number;
  scheme: string;
  auth: Buffer | null;
}

export function readAuthRequest(reader: JuteReader): AuthRequest {
  return { type: reader.readInt(), scheme: reader.readString() ?? '', auth: reader.readBuffer() };
}

export function writeAuthRequest(
  writer: JuteWriter,
  request: { type: number; scheme: string; auth: Uint8Array | null },
): void {
  writer.writeInt(request.type).writeString(request.scheme).writeBuffer(request.auth);
}

/** setWatches and setWatches2; xid -8. Servers read it path by path: see `Rearming`. */
export interface SetWatchesRequest {
  relativeZxid: number;
  dataWatches: string[];
  existWatches: string[];
  childWatches: string[];
  /** setWatches2 only; else empty */
  persistentWatches: string[];
  persistentRecursiveWatches: string[];
}

export function writeSetWatchesRequest(
  writer: JuteWriter,
  request: SetWatchesRequest,
  withPersistent: boolean,
): void {
  const writePath = (w: JuteWriter, path: string) => void w.writeString(path);
  writer.writeLong(request.relativeZxid);
  writer.writeVector(request.dataWatches, writePath).writeVector(request.existWatches, writePath);
  writer.writeVector(request.childWatches, writePath);
  if (withPersistent) {
    writer.writeVector(request.persistentWatches, writePath);
    writer.writeVector(request.persistentRecursiveWatches, writePath);
  }
}

/** Either `newMembers` names every server, or the others name those that join or change, and that leave. */
export interface ReconfigRequest {
  /** Server lines with commas between them. */
  joining: string | null;
  /** Sids with commas between them. */
  leaving: string | null;
  /** A whole configuration, its lines with commas or line ends between them. */
  newMembers: string | null;
  /** The version that must be the current one. -1 matches any. */
  curConfigId: number;
}

export function readReconfigRequest(reader: JuteReader): ReconfigRequest {
  return {
    joining: reader.readString(),
    leaving: reader.readString(),
    newMembers: reader.readString(),
    curConfigId: reader.readLong(),
  };
}

export function writeReconfigRequest(writer: JuteWriter, request: ReconfigRequest): void {
  writer
    .writeString(request.joining)
    .writeString(request.leaving)
    .writeString(request.newMembers)
    .writeLong(request.curConfigId);
}
