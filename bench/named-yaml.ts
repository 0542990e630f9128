/** YAML files of the project, which people call by name, and their own files, which they call by path. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readYamlSource, type YamlSource } from './read-yaml.ts';
import { UsageError } from './usage-error.ts';

export interface NamedDocument extends YamlSource {
  /** Name of the file, without its extension. */
  readonly name: string;
  /** Names the document in errors. */
  readonly origin: string;
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
    return { name, origin: file, ...readYamlSource(file, `${this.#kind} file`) };
  }
}
