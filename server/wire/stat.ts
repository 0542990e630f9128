import type { JuteReader, JuteWriter } from './jute.ts';

/** The Stat that clients see of a znode. 68 bytes. `cversion` is the shown one: see `tree/znode.ts`. */
export interface Stat {
  czxid: number;
  mzxid: number;
  /** ms since 1970 */
  ctime: number;
  mtime: number;
  version: number;
  cversion: number;
  aversion: number;
  /** The owning session, 0 when not ephemeral. All 64 bits count. */
  ephemeralOwner: bigint;
  dataLength: number;
  numChildren: number;
  pzxid: number;
}

/** The stat that logs and snapshots keep of a znode. 60 bytes. `cversion` is the stored one. */
export interface StatPersisted {
  czxid: number;
  mzxid: number;
  ctime: number;
  mtime: number;
  version: number;
  cversion: number;
  aversion: number;
  ephemeralOwner: bigint;
  pzxid: number;
}

export function writeStat(writer: JuteWriter, stat: Stat): void {
  writer.writeLong(stat.czxid).writeLong(stat.mzxid).writeLong(stat.ctime).writeLong(stat.mtime);
  writer.writeInt(stat.version).writeInt(stat.cversion).writeInt(stat.aversion);
  writeOwner(writer, stat.ephemeralOwner);
  writer.writeInt(stat.dataLength).writeInt(stat.numChildren).writeLong(stat.pzxid);
}

export function readStat(reader: JuteReader): Stat {
  return {
    czxid: reader.readLong(),
    mzxid: reader.readLong(),
    ctime: reader.readLong(),
    mtime: reader.readLong(),
    version: reader.readInt(),
    cversion: reader.readInt(),
    aversion: reader.readInt(),
    ephemeralOwner: reader.readBigLong(),
    dataLength: reader.readInt(),
    numChildren: reader.readInt(),
    pzxid: reader.readLong(),
  };
}

export function writeStatPersisted(writer: JuteWriter, stat: StatPersisted): void {
  writer.writeLong(stat.czxid).writeLong(stat.mzxid).writeLong(stat.ctime).writeLong(stat.mtime);
  writer.writeInt(stat.version).writeInt(stat.cversion).writeInt(stat.aversion);
  writeOwner(writer, stat.ephemeralOwner);
  writer.writeLong(stat.pzxid);
}

export function readStatPersisted(reader: JuteReader): StatPersisted {
  return {
    czxid: reader.readLong(),
    mzxid: reader.readLong(),
    ctime: reader.readLong(),
    mtime: reader.readLong(),
    version: reader.readInt(),
    cversion: reader.readInt(),
    aversion: reader.readInt(),
    ephemeralOwner: reader.readBigLong(),
    pzxid: reader.readLong(),
  };
}

/** Nearly every znode has no owner, and a BigInt costs more than eight zero bytes. */
function writeOwner(writer: JuteWriter, owner: bigint): void {
  if (owner === 0n) writer.writeInt(0).writeInt(0);
  else writer.writeBigLong(owner);
}
