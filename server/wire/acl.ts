import { type JuteReader, JuteWriter } from './jute.ts';

/** An identity: the scheme that proved it, and its name. */
export interface Id {
  readonly scheme: string;
  readonly id: string;
}

export interface Acl {
  readonly perms: number;
  readonly id: Id;
}

export const Perms = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const;

const WORLD_ANYONE: Id = { scheme: 'world', id: 'anyone' };
export const OPEN_ACL_UNSAFE: readonly Acl[] = [{ perms: Perms.ALL, id: WORLD_ANYONE }];
export const READ_ACL_UNSAFE: readonly Acl[] = [{ perms: Perms.READ, id: WORLD_ANYONE }];
/** Grants nothing to anyone. An empty list would not do: to Apache ZooKeeper it grants everything. */
export const CLOSED_ACL: readonly Acl[] = [{ perms: 0, id: WORLD_ANYONE }];

export function readId(reader: JuteReader): Id {
  return { scheme: reader.readString() ?? '', id: reader.readString() ?? '' };
}

export function writeId(writer: JuteWriter, id: Id): void {
  writer.writeString(id.scheme).writeString(id.id);
}

export function readAcl(reader: JuteReader): Acl {
  return { perms: reader.readInt(), id: readId(reader) };
}

export function writeAcl(writer: JuteWriter, acl: Acl): void {
  writer.writeInt(acl.perms);
  writeId(writer, acl.id);
}

/**
 * The bytes of the open list, which nearly every create contains: comparing them avoids decoding two strings.
 */
const OPEN_ACL_BYTES = new JuteWriter().writeVector(OPEN_ACL_UNSAFE, writeAcl).toBuffer();

/** Null and empty are different. The open list is one shared array. */
export function readAcls(reader: JuteReader): readonly Acl[] | null {
  const { bytes, offset } = reader;
  const { length } = OPEN_ACL_BYTES;
  if (reader.remaining < length) return reader.readVector(readAcl);
  for (let i = 0; i < length; i++)
    if (bytes[offset + i] !== OPEN_ACL_BYTES[i]) return reader.readVector(readAcl);
  reader.skip(length);
  return OPEN_ACL_UNSAFE;
}
