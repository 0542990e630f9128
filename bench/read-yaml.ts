/**
 * Reads YAML that a person wrote: one document without errors or warnings, with the line of every key, or a
 * UsageError that shows the first problem.
 */
import { readFileSync } from 'node:fs';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { type KeyPath, Origin } from './origin.ts';
import { UsageError } from './usage-error.ts';

export interface ReadDocument {
  readonly value: unknown;
  readonly origin: Origin;
  /** Whether the document contains the key. */
  has(path: KeyPath): boolean;
}

/** @param what describes the file, as in `topology file`. @throws UsageError */
export function readDocument(file: string, what: string): ReadDocument {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // Node.js adds the call and the path, which the message already contains.
    const why = (error as Error).message.replace(/, \w+( '.*')?$/, '');
    throw new UsageError(`${what} ${file} cannot be read: ${why}`);
  }
  return readText(text, file);
}

/** @param name names the text in errors, before the line. @throws UsageError */
export function readText(text: string, name: string): ReadDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const why =
      problem.code === 'MULTIPLE_DOCS'
        ? 'one document is accepted, not several'
        : `this is not valid YAML: ${problem.message.replace(/\s+/g, ' ').trim()}`;
    throw new UsageError(`${name}:${lines.linePos(problem.pos[0]).line}: ${why}`);
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // Aliases without an anchor, or so many that the document would explode.
    throw new UsageError(`${name}: ${(error as Error).message}`);
  }
  const lineOf = (path: KeyPath) => `${name}:${lines.linePos(find(document, path).offset).line}`;
  return { value, origin: new Origin(name, lineOf), has: path => find(document, path).isWhole };
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
