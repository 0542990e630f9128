/** What checkers read of a run, in its folder, so that later checkers can judge it again. */
import {
  createReadStream,
  createWriteStream,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { StoreError } from '../../../results/store-error.ts';
import type { FinalNode, RunRecord, SessionRecord } from '../../checkers/run-record.ts';
import type { Transaction } from '../../checkers/transaction.ts';
import { HISTORY_FILE, linesOf, readHistory } from './history-file.ts';
import type { AboutRecord, KeptRecord } from './judge-record.ts';

const RECORD_FILE = 'record.json';
const RECORD_VERSION = 1;
/** Parts that are long, one item a line. */
const LONG_PARTS = { sessionRecords: 'sessions.ndjson', transactions: 'transactions.ndjson' } as const;
/** A longer file is compressed, to about a tenth. */
const PLAIN_BYTES_MAX = 8 * 1024 * 1024;
const LINES_PER_WRITE = 2_000;

type Document = AboutRecord & { readonly version: number } & Omit<
    KeptRecord,
    'history' | 'sessionRecords' | 'transactions' | 'finalTrees'
  > & { readonly finalTrees?: readonly (readonly (readonly [string, FinalNode | null])[])[] };

/**
 * Writes everything but the history, which has its own file already. Compresses what is long. Without session
 * records, those that are there stay.
 * @throws Error when the disk does not take it
 */
export async function keepRecord(
  folder: string,
  record: Partial<KeptRecord>,
  about: AboutRecord,
): Promise<void> {
  const { history: _, sessionRecords, transactions, finalTrees, memberTrees, ...rest } = record;
  const document: Document = {
    ...{ version: RECORD_VERSION, ...about, ...rest },
    ...(memberTrees && {
      memberTrees: memberTrees.map(({ member, zxid, digest }) => ({ member, zxid, digest })),
    }),
    ...(finalTrees && {
      finalTrees: finalTrees.map(tree => [...tree].map(([path, node]) => [path, node ?? null] as const)),
    }),
  };
  for (const [part, items] of Object.entries({ sessionRecords, transactions }))
    if (items !== undefined)
      await writeLines(join(folder, LONG_PARTS[part as keyof typeof LONG_PARTS]), items);
  writeFileSync(join(folder, RECORD_FILE), `${JSON.stringify(document)}\n`);
  for (const name of [HISTORY_FILE, ...Object.values(LONG_PARTS)]) await compressed(join(folder, name));
}

/** Of a chapter that ends before its run: what can be kept of it already. */
export async function keepHistory(folder: string, sessionRecords: readonly SessionRecord[]): Promise<void> {
  await writeLines(join(folder, LONG_PARTS.sessionRecords), sessionRecords);
  for (const name of [HISTORY_FILE, LONG_PARTS.sessionRecords]) await compressed(join(folder, name));
}

/** @throws StoreError 'missing', 'damaged' */
export async function readKeptHistory(
  folder: string,
): Promise<Pick<RunRecord, 'history' | 'sessionRecords'>> {
  const history = await readHistory(join(folder, HISTORY_FILE));
  return { history, sessionRecords: (await partOf<SessionRecord>(folder, 'sessionRecords')) ?? [] };
}

export function hasRecord(folder: string): boolean {
  return existsSync(join(folder, RECORD_FILE));
}

/** @throws StoreError 'missing', 'other version', 'damaged' */
export async function readRecord(
  folder: string,
): Promise<{ readonly record: KeptRecord; readonly about: AboutRecord }> {
  const file = join(folder, RECORD_FILE);
  const { version, judgedBy, violations, unread, isFollowed, finalTrees, ...rest } = documentOf(file);
  if (version !== RECORD_VERSION)
    throw new StoreError(
      'other version',
      `${file} has version ${version}; this zklab reads version ${RECORD_VERSION}`,
    );
  const sessionRecords = await partOf<SessionRecord>(folder, 'sessionRecords');
  const transactions = await partOf<Transaction>(folder, 'transactions');
  const record: KeptRecord = {
    ...rest,
    history: await readHistory(join(folder, HISTORY_FILE)),
    ...(sessionRecords && { sessionRecords }),
    ...(transactions && { transactions }),
    ...(finalTrees && {
      finalTrees: finalTrees.map(tree => new Map(tree.map(([path, node]) => [path, node ?? undefined]))),
    }),
  };
  const about = {
    ...{ judgedBy, violations },
    ...(unread !== undefined && { unread }),
    ...(isFollowed && { isFollowed }),
  };
  return { record, about };
}

function documentOf(file: string): Document {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Document;
  } catch (error) {
    throw new StoreError('damaged', `${file} cannot be read: ${(error as Error).message}`);
  }
}

async function partOf<T>(folder: string, part: keyof typeof LONG_PARTS): Promise<T[] | undefined> {
  const file = join(folder, LONG_PARTS[part]);
  if (!existsSync(file) && !existsSync(`${file}.gz`)) return undefined;
  const items: T[] = [];
  for await (const line of linesOf(file)) if (line !== '') items.push(JSON.parse(line) as T);
  return items;
}

/** In parts: all of it may be longer than a string may be, and clients and faults go on meanwhile. */
async function writeLines(file: string, items: readonly unknown[]): Promise<void> {
  await writeFile(file, '');
  for (let at = 0; at < items.length; at += LINES_PER_WRITE) {
    const lines = items.slice(at, at + LINES_PER_WRITE).map(item => `${JSON.stringify(item)}\n`);
    await appendFile(file, lines.join(''));
  }
}

async function compressed(file: string): Promise<void> {
  if (!existsSync(file) || statSync(file).size <= PLAIN_BYTES_MAX) return;
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  await pipeline(createReadStream(file), gzip, createWriteStream(`${file}.gz`));
  rmSync(file);
}
