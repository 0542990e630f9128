import { ServerError } from '../errors.ts';

/**
 * The text of a Java properties file, as java.util.Properties reads it: comments with # or !, key and value
 * apart by =, : or white space, lines continued by a backslash, escapes, and the last of equal keys.
 *
 * @param onRepeated told of each value that a later one of the same key replaces
 * @returns keys in order of first appearance; values with their trailing white space
 * @throws ServerError ZK_CONFIG_VALUE for a \u that four hexadecimal digits do not follow
 */
export function parseProperties(
  text: string,
  onRepeated: (key: string, replaced: string, by: string) => void = () => {},
): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const [key, value] = splitLine(line).map(unescapeText) as [string, string];
    const earlier = properties.get(key);
    if (earlier !== undefined) onRepeated(key, earlier, value);
    properties.set(key, value);
  }
  return properties;
}

/** White space of the format: neither vertical tab nor any of Unicode's. */
const LEADING_SPACE = /^[ \t\f]+/;

function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let open: string | undefined;
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const line = natural.replace(LEADING_SPACE, '');
    // Within a continued line, # and blank lines are text.
    if (open === undefined && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const whole = (open ?? '') + line;
    if (!isContinued(line)) lines.push(whole);
    // What goes on from nothing is a line like any other.
    open = isContinued(line) ? whole.slice(0, -1) || undefined : undefined;
  }
  if (open !== undefined) lines.push(open);
  return lines;
}

/** An even number of backslashes at the end is so many escaped ones. */
function isContinued(line: string): boolean {
  return (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}

function splitLine(line: string): [key: string, value: string] {
  let end = 0;
  while (end < line.length && !' \t\f=:'.includes(line.charAt(end))) end += line.charAt(end) === '\\' ? 2 : 1;
  const value = line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
  return [line.slice(0, end), value];
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescapeText(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.|$)/gs, (sequence, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    if (escaped === 'u') {
      throw new ServerError(
        'ZK_CONFIG_VALUE',
        `"${text}" contains ${sequence} without four hexadecimal digits after it`,
      );
    }
    return ESCAPES[escaped] ?? escaped;
  });
}
