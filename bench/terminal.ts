import { printable } from '../server/printable.ts';

/**
 * Where commands write: the answer to standard output, progress to standard error, so that `--json` prints a
 * single document.
 */
export interface Terminal {
  /** The answer. */
  print(text: string): void;
  /** On a terminal the next one overwrites it; elsewhere it is a separate line. */
  progress(text: string): void;
  json(document: unknown): void;
  /** Why the command failed; written to standard error. */
  error(text: string): void;
  /** Nothing follows. Erases the progress line, so that the shell's prompt has its own line. */
  end(): void;
}

export interface TerminalStreams {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
}

/**
 * The control characters that a command prints itself: lines, tabs and the colours of the ledger. Any other
 * comes from elsewhere (somebody else's result, the log of a member) and is escaped (field report D4).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of colours
const OURS = /(\u001b\[(?:0|1|2|3[0-7])m|[\n\t])/;
/**
 * JSON does not escape these: DEL, C1 with its one-byte CSI, and characters that change the direction of
 * text.
 */
const NOT_ESCAPED_BY_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const CLEAR_LINE = '\r\x1b[2K';
const COLUMNS_DEFAULT = 80;

export function terminal(
  { out, err }: TerminalStreams = { out: process.stdout, err: process.stderr },
): Terminal {
  let pending = false;
  const clear = (): void => {
    if (pending) err.write(CLEAR_LINE);
    pending = false;
  };
  const print = (text: string): void => {
    clear();
    out.write(text.endsWith('\n') ? text : `${text}\n`);
  };
  return {
    print: text => print(harmless(text)),
    progress(progress) {
      const text = harmless(progress);
      if (err.isTTY !== true) {
        err.write(`${text}\n`);
        return;
      }
      clear();
      err.write(text.slice(0, (err.columns || COLUMNS_DEFAULT) - 1));
      pending = true;
    },
    end: clear,
    json: document => print(jsonText(document)),
    error(text) {
      clear();
      err.write(`${harmless(text)}\n`);
    },
  };
}

function harmless(text: string): string {
  const parts = text.split(OURS);
  return parts.map((part, at) => (at % 2 === 1 ? part : printable(part, part.length))).join('');
}

function jsonText(document: unknown): string {
  const escapeInJson = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(document, undefined, 2).replace(NOT_ESCAPED_BY_JSON, escapeInJson);
}

/** Columns padded to their widest cell, two spaces apart; no spaces at the ends of lines. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  const lines = rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** Width for a person. A file or a pipe gets lines of any width. */
export function outputColumns(
  out: { readonly isTTY?: boolean; readonly columns?: number } = process.stdout,
): number {
  return out.isTTY === true ? (out.columns ?? COLUMNS_DEFAULT) : Number.POSITIVE_INFINITY;
}

/**
 * A table. When it is wider than `widthColumns`, its rows are below each other, with each cell and its
 * heading on a line.
 */
export function fittedTable(
  rows: readonly (readonly string[])[],
  widthColumns: number,
  head?: readonly string[],
): string {
  const flat = table(head === undefined ? rows : [head, ...rows]);
  if (flat.split('\n').every(line => line.length <= widthColumns)) return flat;
  const lines = rows.flatMap(([first = '', ...cells]) => [
    first,
    ...cells.flatMap((cell, index) => {
      const name = head?.[index + 1] ?? '';
      return cell === '' ? [] : [`  ${name === '' ? '' : `${name}: `}${cell}`];
    }),
  ]);
  return `${lines.join('\n')}\n`;
}
