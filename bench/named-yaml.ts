/** YAML files of the project, which people call by name, and their own files, which they call by path. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readIncluding } from './included-yaml.ts';
import type { Origin } from './origin.ts';
import { UsageError } from './usage-error.ts';

export interface NamedDocument {
  /** Name of the file, without its extension. */
  readonly name: string;
  /** How a command line names it: the name of one of the project, the path of another. */
  readonly reference: string;
  readonly file: string;
  /** Of its file. Relative paths in it begin there. */
  readonly folder: string;
  /** Names the file, and the line of a key, in errors. */
  readonly origin: Origin;
  readonly document: unknown;
}

const ENDING = /\.ya?ml$/;

export class NamedYaml {
  readonly #kind: string;
  readonly #folder: string;

  /** @param kind as in `suite "fast": accepted are ...` @param folder the files of the project */
  constructor(kind: string, folder: string) {
    this.#kind = kind;
    this.#folder = folder;
  }

  names(): string[] {
    const files = readdirSync(this.#folder).filter(file => ENDING.test(file));
    return files.map(file => file.replace(ENDING, '')).sort();
  }

  /** @param reference a name, or the path of a YAML file. @throws UsageError */
  read(reference: string): NamedDocument {
    const names = this.names();
    const isName = names.includes(reference);
    if (!isName && !ENDING.test(reference))
      throw new UsageError(`${this.#kind} "${reference}": accepted are ${names.join(', ')}, or a .yaml file`);
    const file = isName ? join(this.#folder, `${reference}.yaml`) : reference;
    const name = reference.replace(/^.*[/\\]/, '').replace(ENDING, '');
    const { value: document, origin } = readIncluding(file, `${this.#kind} file`);
    return { name, reference, file, folder: dirname(file), origin, document };
  }
}
