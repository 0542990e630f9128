/**
 * Where something that a person wrote stands, for errors about it: the file and line of a YAML document, or
 * the words of a command line.
 */
export type KeyPath = readonly PropertyKey[];

export class Origin {
  readonly #name: string;
  readonly #lineOf: (path: KeyPath) => string | undefined;
  readonly #path: KeyPath;

  /**
   * @param name names the whole: a path, `topology "voters=3"`
   * @param lineOf the line of a key, as `suite.yaml:12`; that of the nearest key around it if it is missing
   */
  constructor(
    name: string,
    lineOf: (path: KeyPath) => string | undefined = () => undefined,
    path: KeyPath = [],
  ) {
    this.#name = name;
    this.#lineOf = lineOf;
    this.#path = path;
  }

  static of(origin: Origin | string): Origin {
    return typeof origin === 'string' ? new Origin(origin) : origin;
  }

  /** A part of it. Paths given to the part begin there. */
  within(...path: KeyPath): Origin {
    return new Origin(this.#name, this.#lineOf, [...this.#path, ...path]);
  }

  /** `suite.yaml:12`; the name where there are no lines */
  place(path: KeyPath = []): string {
    return this.#lineOf([...this.#path, ...path]) ?? this.#name;
  }

  /** `load.depth`; empty for the whole. */
  key(path: KeyPath = []): string {
    return [...this.#path, ...path].map(String).join('.');
  }

  /** `suite.yaml:12: load.depth`, as errors about a value begin. */
  at(...path: KeyPath): string {
    const key = this.key(path);
    return key === '' ? this.place() : `${this.place(path)}: ${key}`;
  }

  /** For text that has no more to say than where it comes from. */
  toString(): string {
    return this.at();
  }
}
