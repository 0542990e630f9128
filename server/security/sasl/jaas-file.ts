import { ServerError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import type { Disk } from '../../runtime/runtime.ts';

/** One login module of a section, with its options. */
export interface LoginModule {
  /** The name of its Java class. */
  readonly name: string;
  readonly options: ReadonlyMap<string, string>;
}

/** The sections of a JAAS file by name. */
export type JaasSections = ReadonlyMap<string, readonly LoginModule[]>;

/** Limit on a JAAS file. Those of an ensemble have a few hundred bytes. */
export const JAAS_BYTES_MAX = 64 * 1024;

const FLAGS = ['required', 'requisite', 'sufficient', 'optional'];

/**
 * Reads a JAAS file, in which Java's servers find their user names and passwords. `path` is the value of
 * java.security.auth.login.config. @throws ServerError ZK_JAAS
 */
export function readJaasFile(disk: Disk, path: string): JaasSections {
  try {
    const bytes = disk.fileInfo(path)?.bytes ?? 0;
    if (bytes > JAAS_BYTES_MAX) throw new Error(`it has ${bytes} bytes; ${JAAS_BYTES_MAX} are accepted`);
    return parseJaas(disk.read(path).toString('utf8'));
  } catch (error) {
    const problem = error instanceof JaasError ? '' : 'cannot be read: ';
    // The disk's own message repeats the path.
    const { cause = error } = error as Error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError('ZK_JAAS', `the JAAS file ${printable(path)} ${problem}${why}`, { path }, error);
  }
}

/** The message never repeats a value, because it may be a password. */
class JaasError extends Error {
  override readonly name = 'JaasError';
}

interface Token {
  readonly kind: 'word' | 'mark' | 'end';
  readonly text: string;
  readonly offset: number;
}

const SKIPPED = /(?:\s+|\/\/[^\n]*|\/\*.*?\*\/)*/sy;
const WORD = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[\w$.*-]+/y;

/** Reads the text as Java's ConfigFile does: name { class flag option=value ...; ... }; */
export function parseJaas(text: string): JaasSections {
  let at = 0;
  const next = (): Token => {
    SKIPPED.lastIndex = at;
    SKIPPED.exec(text);
    const offset = SKIPPED.lastIndex;
    if (offset >= text.length) return { kind: 'end', text: '', offset };
    WORD.lastIndex = offset;
    const word = WORD.exec(text)?.[0];
    at = offset + (word?.length ?? 1);
    return word === undefined
      ? { kind: 'mark', text: text.charAt(offset), offset }
      : { kind: 'word', text: unquoted(word), offset };
  };
  let token = next();
  const fail = (expected: string, { offset }: Token = token): never => {
    const line = text.slice(0, offset).split('\n').length;
    throw new JaasError(`is not a JAAS file: ${expected} is expected in line ${line}`);
  };
  const word = (what: string): string => {
    const { kind, text: found } = token;
    if (kind !== 'word') fail(what);
    token = next();
    return found;
  };
  const isMark = (mark: string): boolean => token.kind === 'mark' && token.text === mark;
  const expectMark = (mark: string): void => {
    if (!isMark(mark)) fail(`"${mark}"`);
    token = next();
  };
  const readModule = (): LoginModule => {
    const name = word('the class of a login module');
    const flag = token;
    if (!FLAGS.includes(word(FLAGS.join(', ')).toLowerCase())) fail(FLAGS.join(', '), flag);
    const options = new Map<string, string>();
    while (!isMark(';')) {
      const option = word('an option or ";"');
      expectMark('=');
      const value = token;
      options.set(option, word('the value of an option'));
      if (value.text.includes('${'))
        fail(`a value without \${...}, since this server does not insert system properties,`, value);
    }
    expectMark(';');
    return { name, options };
  };

  const sections = new Map<string, LoginModule[]>();
  while (token.kind !== 'end') {
    const name = word('the name of a section');
    if (sections.has(name)) throw new JaasError(`has section ${printable(name)} more than once`);
    expectMark('{');
    const modules: LoginModule[] = [];
    while (!isMark('}')) modules.push(readModule());
    expectMark('}');
    expectMark(';');
    sections.set(name, modules);
  }
  return sections;
}

/** The escapes of java.io.StreamTokenizer, without the octal ones. */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', b: '\b' };

function unquoted(word: string): string {
  if (!/^["']/.test(word)) return word;
  return word.slice(1, -1).replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char);
}
