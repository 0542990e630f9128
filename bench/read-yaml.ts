/**
 * Reads YAML that a person wrote: one document without errors or warnings, or a UsageError that shows the
 * first.
 */
import { readFileSync } from 'node:fs';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { UsageError } from './usage-error.ts';

/** What a file says, and where it says it. */
export interface YamlSource {
  readonly document: unknown;
  /** `topology file x.yaml:12`: the line of a value, or of the nearest value around it. */
  originOf(path: readonly PropertyKey[]): string;
}

/** @param what describes the file, as in `topology file`. @throws UsageError */
export function readYaml(file: string, what: string): unknown {
  return readYamlSource(file, what).document;
}

/** @param what describes the file, as in `topology file`. @throws UsageError */
export function readYamlSource(file: string, what: string): YamlSource {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // Node.js adds the call and the path, which the message already contains.
    const why = (error as Error).message.replace(/, \w+( '.*')?$/, '');
    throw new UsageError(`${what} ${file} cannot be read: ${why}`);
  }
  return parseYamlSource(text, `${what} ${file}`);
}

/** @param origin names the text in errors. @throws UsageError */
export function parseYaml(text: string, origin: string): unknown {
  return parseYamlSource(text, origin).document;
}

/** @param origin names the text in errors. @throws UsageError */
export function parseYamlSource(text: string, origin: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const message =
      problem.code === 'MULTIPLE_DOCS' ? 'one document is accepted, not several' : problem.message;
    throw new UsageError(`${origin}: ${message.trimEnd()}`);
  }
  try {
    return {
      document: document.toJS(),
      originOf: path => `${origin}:${lines.linePos(offsetOf(document, path)).line}`,
    };
  } catch (error) {
    // Aliases without an anchor, or so many that the document would explode.
    throw new UsageError(`${origin}: ${(error as Error).message}`);
  }
}

/** Of the key, where the value belongs to one, because the value may begin in the next line. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const [parent, last] = [document.getIn(path.slice(0, length - 1), true), path[length - 1]];
    if (isMap(parent)) {
      const key = parent.items.map(pair => pair.key).find(each => isScalar(each) && each.value === last);
      if (isNode(key) && key.range) return key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}
