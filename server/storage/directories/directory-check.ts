import { ServerError } from '../../errors.ts';
import type { Disk } from '../../runtime/runtime.ts';
import { EPOCH_MAX } from '../../wire/zxid.ts';
import { listSnapshots, SNAPSHOT_MAGIC } from '../snapshots/snapshot-format.ts';
import { LOG_MAGIC, type LogFileName, listLogFiles } from '../txn-log/log-format.ts';
import { type LogRecord, type LogRecordText, readOwner } from './log-record.ts';

export const VERSION_DIRECTORY = 'version-2';

/** The two directories `dataDir` and `dataLogDir` of zoo.cfg, often the same, and their contents. */
export interface DataLayout {
  readonly dataDir: string;
  readonly dataLogDir: string;
  /** The version-2 directory of each. */
  readonly snapDirectory: string;
  readonly logDirectory: string;
}

const SEE = 'See server/docs/data-directories.md';

/**
 * Refuses directories that do not belong together, before it changes anything in them. A server that starts
 * on half of its data serves an old tree or none, and its ensemble forgets what it acknowledged.
 *
 * @throws ServerError ZK_DATA_MISMATCH: what was found, where, and how to go on
 */
export function checkDirectories(disk: Disk, layout: DataLayout, record: LogRecord): void {
  const { snapDirectory, logDirectory } = layout;
  if (areApart(disk, layout)) {
    refuseMixed(disk, layout);
    refuseStrangers(disk, layout, record);
  }
  const snapshots = listSnapshots(disk, snapDirectory);
  const logs = listLogFiles(disk, logDirectory);
  for (const { path, zxid } of snapshots) refuseInexact(path, zxid);
  for (const { path, firstZxid } of logs) refuseInexact(path, firstZxid);
  if (snapshots.length === 0) refuseMisplaced(disk, 'dataDir', layout.dataDir, 'snapshot');
  if (logs.length === 0) refuseMisplaced(disk, 'dataLogDir', layout.dataLogDir, 'log');
  refuseOtherLogs(disk, layout, record);
}

export function areApart(disk: Disk, { snapDirectory, logDirectory }: DataLayout): boolean {
  return disk.identity(snapDirectory) !== disk.identity(logDirectory);
}

/**
 * Compares only the first part of a name, as upstream does, so that copies and pieces of files are found too.
 * ZOOKEEPER-2967
 */
function refuseMixed(disk: Disk, { dataDir, dataLogDir, snapDirectory, logDirectory }: DataLayout): void {
  const snapshot = disk.list(logDirectory).find(name => name.startsWith('snapshot.'));
  if (snapshot !== undefined) {
    throw mismatch(
      `${logDirectory}/${snapshot} is a snapshot in the log directory (dataLogDir=${dataLogDir}), where dataDir=${dataDir}: ` +
        'are the two exchanged? If not, move the snapshots into version-2 of dataDir',
    );
  }
  const log = disk.list(snapDirectory).find(name => name.startsWith('log.'));
  if (log !== undefined) {
    throw mismatch(
      `${snapDirectory}/${log} is a transaction log in the snapshot directory (dataDir=${dataDir}), where ` +
        `dataLogDir=${dataLogDir}: move all log files of ${snapDirectory} into ${logDirectory}, or set dataLogDir as it was`,
    );
  }
}

/** Refuses a zxid that a number cannot hold: it would be rounded to another one. */
function refuseInexact(path: string, zxid: number): void {
  if (Number.isSafeInteger(zxid)) return;
  throw mismatch(
    `${path} is of an epoch above ${EPOCH_MAX}, the last that this server can count. See server/docs/epochs.md`,
  );
}

/** Refuses files one level too high or too deep, as after a wrong copy: the server would start empty. */
function refuseMisplaced(disk: Disk, key: string, root: string, kind: 'snapshot' | 'log'): void {
  for (const directory of [root, `${root}/${VERSION_DIRECTORY}/${VERSION_DIRECTORY}`]) {
    const files = kind === 'log' ? listLogFiles(disk, directory) : listSnapshots(disk, directory);
    const found = files.find(({ path }) => isOfZooKeeper(disk, path, kind));
    if (found === undefined) continue;
    throw mismatch(
      `${found.path} is a ${kind} file, and ${root}/${VERSION_DIRECTORY}, where ${key}=${root} has it looked for, holds none: ` +
        `move the files of ${directory} there, or set ${key} so that they are in its ${VERSION_DIRECTORY}`,
    );
  }
}

/** Checks the magic number, because other programs use such names. Compressed files are taken as they are. */
export function isOfZooKeeper(disk: Disk, path: string, kind: 'snapshot' | 'log'): boolean {
  if (isPacked(path)) return true;
  const file = disk.open(path, 'r');
  try {
    const head = file.readAt(0, 4);
    return head.length === 4 && head.readInt32BE(0) === (kind === 'log' ? LOG_MAGIC : SNAPSHOT_MAGIC);
  } finally {
    file.close();
  }
}

export function isPacked(path: string): boolean {
  return /\.(gz|snappy)$/.test(path);
}

/** Refuses logs other than those that the record beside the snapshots names. */
function refuseOtherLogs(disk: Disk, layout: DataLayout, record: LogRecord): void {
  const known = record.read();
  if (known === undefined || !known.logged) return;
  const { logDirectory, snapDirectory } = layout;
  const here = listLogFiles(disk, logDirectory);
  const isElsewhere =
    disk.exists(known.logDirectory) && disk.identity(known.logDirectory) !== disk.identity(logDirectory);
  const newest = isElsewhere ? listLogFiles(disk, known.logDirectory).at(-1) : undefined;
  const isThere = newest !== undefined && !isAnothers(disk, known);
  // A copy of the one directory that held all: the logs that it was copied from may have grown since.
  const isWhole = known.pair === undefined && !areApart(disk, layout);
  if (here.length > 0 && (!isThere || isWhole || here.some(file => isCopy(disk, file, newest)))) return;
  const has = here.length === 0 ? 'holds no transaction log' : 'holds older or other transaction logs';
  if (isThere) {
    throw mismatch(
      `${logDirectory} ${has}, and those that belong to the snapshots in ${snapDirectory} are in ${known.logDirectory}: ` +
        `set dataLogDir to the directory above that, or move its log files into ${logDirectory}. If both directories ` +
        `are copies of those of another server, remove ${record.path}`,
    );
  }
  throw mismatch(
    `${logDirectory} holds no transaction log, and those that belong to the snapshots in ${snapDirectory} were in ` +
      `${known.logDirectory}, where there are none now: is its file system mounted? To go on from the newest snapshot ` +
      `alone, and lose what was written after it, remove ${record.path}`,
  );
}

/** The logs in that place have come to another server, as when two members exchanged their disks. */
function isAnothers(disk: Disk, { logDirectory, pair }: LogRecordText): boolean {
  const owner = pair === undefined ? undefined : readOwner(disk, logDirectory);
  return owner !== undefined && owner.pair !== pair;
}

/** The first bytes of a log contain its first transaction, with session, time and checksum. */
const COMPARED_BYTES = 1024;

function isCopy(disk: Disk, file: LogFileName, original: LogFileName): boolean {
  if (file.firstZxid !== original.firstZxid) return false;
  const [a, b] = [file, original].map(({ path }) => {
    const opened = disk.open(path, 'r');
    try {
      return opened.readAt(0, COMPARED_BYTES);
    } finally {
      opened.close();
    }
  });
  // The copy may have grown, so zeros at the end of the original do not count.
  const length = Math.min(COMPARED_BYTES, endOfData(b!));
  return a!.subarray(0, length).equals(b!.subarray(0, length));
}

function endOfData(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

/** Refuses the logs of another server, as after copying a line of its configuration. */
function refuseStrangers(disk: Disk, { logDirectory, snapDirectory }: DataLayout, record: LogRecord): void {
  const owner = readOwner(disk, logDirectory);
  const pair = record.read()?.pair;
  if (owner === undefined || pair === undefined || owner.pair === pair) return;
  if (listLogFiles(disk, logDirectory).length === 0) return;
  throw mismatch(
    `the transaction logs in ${logDirectory} belong to the snapshots in ${owner.snapshotDirectory}, not to those in ` +
      `${snapDirectory}: set dataLogDir to the directory of this server's own logs`,
  );
}

/**
 * Refuses a voter that has nothing but the empty snapshot of its first start, and epoch files that say it was
 * a member of a working ensemble: its logs are elsewhere. One that this server started has a record that
 * nothing was logged yet.
 */
export function refuseLostHistory(layout: DataLayout, currentEpoch: number): never {
  const { snapDirectory, logDirectory, dataDir } = layout;
  throw mismatch(
    `${snapDirectory} holds the empty snapshot of a first start, and currentEpoch ${currentEpoch}, but there is no transaction ` +
      `log in ${logDirectory}: was dataLogDir set to another directory, or removed from the configuration? Set it as it was. ` +
      `If nothing was ever written, create the file ${dataDir}/initialize, and the server starts empty`,
  );
}

export function mismatch(message: string): ServerError {
  return new ServerError('ZK_DATA_MISMATCH', message.includes('See ') ? message : `${message}. ${SEE}`);
}
