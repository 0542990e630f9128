/**
 * Reads YAML that a person wrote: one document without errors or warnings, or a UsageError that shows the
 * first.
 */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { UsageError } from './usage-error.ts';

/** @param what describes the file, as in `topology file`. @throws UsageError */
export function readYaml(file: string, what: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // Node.js adds the call and the path, which the message already contains.
    const why = (error as Error).message.replace(/, \w+( '.*')?$/, '');
    throw new UsageError(`${what} ${file} cannot be read: ${why}`);
  }
  return parseYaml(text, `${what} ${file}`);
}

/** @param origin names the text in errors. @throws UsageError */
export function parseYaml(text: string, origin: string): unknown {
  const document = parseDocument(text);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const message =
      problem.code === 'MULTIPLE_DOCS' ? 'one document is accepted, not several' : problem.message;
    throw new UsageError(`${origin}: ${message.trimEnd()}`);
  }
  try {
    return document.toJS();
  } catch (error) {
    // Aliases without an anchor, or so many that the document would explode.
    throw new UsageError(`${origin}: ${(error as Error).message}`);
  }
}
