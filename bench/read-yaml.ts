/**
 * Reads YAML that a person wrote: one document without errors or warnings, with the line of every key, or a
 * UsageError that shows the first problem.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { readGivenFile } from '../results/given-file.ts';
import { type KeyPath, Origin } from './origin.ts';
import { UsageError } from './usage-error.ts';

export interface ReadDocument {
  readonly value: unknown;
  readonly origin: Origin;
  /** Whether the document contains the key. */
  has(path: KeyPath): boolean;
}

/** No person writes as much; a larger file would be parsed for minutes. */
const BYTES_MAX = 1_048_576;

/** @param what describes the file, as in `topology file`. @throws UsageError */
export function readDocument(file: string, what: string): ReadDocument {
  let bytes: Buffer;
  try {
    bytes = readGivenFile(file, BYTES_MAX);
  } catch (error) {
    throw new UsageError(`${what} ${file} cannot be read: ${(error as Error).message}`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${what} ${file} is not text in UTF-8, which is accepted`);
  }
  return readText(text, file);
}

/** @param name names the text in errors, before the line. @throws UsageError */
export function readText(text: string, name: string): ReadDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // `<<: *anchor`, as people know it from other tools.
    merge: true,
    // A key that is a list is refused like any other unknown key.
    logLevel: 'error',
  });
  const lineAt = (offset: number) => `${name}:${lines.linePos(offset).line}`;
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const why =
      problem.code === 'MULTIPLE_DOCS'
        ? 'one document is accepted, not several'
        : `this is not valid YAML: ${inOneLine(problem)}`;
    throw new UsageError(`${lineAt(problem.pos[0])}: ${why}`);
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // Aliases without an anchor, or so many that the document would explode.
    throw new UsageError(`${lineAt(wrongAliasIn(document))}: this is not valid YAML: ${inOneLine(error)}`);
  }
  const lineOf = (path: KeyPath) => lineAt(find(document, path).offset);
  return { value, origin: new Origin(name, lineOf), has: path => find(document, path).isWhole };
}

function inOneLine(error: unknown): string {
  if (error instanceof RangeError || /call stack/.test((error as Error).message))
    return 'it is nested too deeply';
  return (error as Error).message.replace(/\s+/g, ' ').trim();
}

/** Where the first alias without an anchor is; where there is none, the first alias of all. */
function wrongAliasIn(document: Document): number {
  const offsets: number[] = [];
  let unresolved: number | undefined;
  visit(document, {
    Alias(_, alias) {
      const offset = alias.range?.[0] ?? 0;
      offsets.push(offset);
      if (unresolved === undefined && alias.resolve(document) === undefined) unresolved = offset;
    },
  });
  return unresolved ?? offsets[0] ?? 0;
}

interface Found {
  /** Of the key, or of the last one on the way that exists. */
  readonly offset: number;
  readonly isWhole: boolean;
}

function find(document: Document, path: KeyPath): Found {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(each => isScalar(each.key) && String(each.key.value) === String(key));
      if (pair === undefined || !isScalar(pair.key)) return { offset, isWhole: false };
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      if (node === undefined) return { offset, isWhole: false };
      offset = (node as { range?: readonly number[] | null }).range?.[0] ?? offset;
    } else return { offset, isWhole: false };
  }
  return { offset, isWhole: true };
}
