import type { Disk } from '../../runtime/runtime.ts';

/**
 * A log file: header {int "ZKLG", int version 2, long dbid 0}, then entries
 *
 *     long adler32 of the txn | int length | txn: header, body, digest | byte 'B'
 *
 * then zeros up to the preallocated end: a length of zero ends the file. @see docs/storage.md "Transaction
 * log"
 */
export const LOG_MAGIC = 0x5a4b4c47;
export const LOG_VERSION = 2;
export const LOG_HEADER_BYTES = 16;
/** Checksum and length, in front of the txn. */
export const ENTRY_HEAD_BYTES = 12;
export const ENTRY_END = 0x42;

const LOG_NAME = /^log\.([0-9a-fA-F]+)$/;

export interface LogFileName {
  readonly path: string;
  /** The zxid in its name: that of its first transaction. */
  readonly firstZxid: number;
}

/** Undefined when the name is not that of a log. */
export function logZxid(name: string): number | undefined {
  const match = LOG_NAME.exec(name);
  return match === null ? undefined : Number.parseInt(match[1]!, 16);
}

/** The log files of a directory, oldest first. */
export function listLogFiles(disk: Disk, directory: string): LogFileName[] {
  const files: LogFileName[] = [];
  for (const name of disk.list(directory)) {
    const firstZxid = logZxid(name);
    if (firstZxid !== undefined) files.push({ path: `${directory}/${name}`, firstZxid });
  }
  return files.sort((a, b) => a.firstZxid - b.firstZxid);
}

export function logHeader(): Buffer {
  const header = Buffer.alloc(LOG_HEADER_BYTES);
  header.writeInt32BE(LOG_MAGIC, 0);
  header.writeInt32BE(LOG_VERSION, 4);
  return header;
}
