/**
 * Control characters (C0, DEL, C1 with its one-byte CSI), what changes the direction or the line of text, and
 * halves of surrogate pairs: all characters that a terminal or a line-based log takes for something else than
 * text.
 */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Enough to recognise a path, a scheme or a host name. */
const PRINTABLE_CHARS_MAX = 200;

/**
 * Makes text from elsewhere fit for a log line, an error or a terminal: it cuts and escapes it. At most
 * `charsMax` characters of it are shown; the escapes and the note on what was cut come on top (field report
 * B11).
 */
export function printable(text: string, charsMax = PRINTABLE_CHARS_MAX): string {
  if (text.length <= charsMax) return escapeUnprintable(text);
  const shown = text.slice(0, endBefore(text, charsMax));
  return `${escapeUnprintable(shown)}... (${text.length} characters)`;
}

/** The cut is never between the halves of a surrogate pair. */
function endBefore(text: string, charsMax: number): number {
  const last = text.charCodeAt(charsMax - 1);
  return last >= 0xd800 && last <= 0xdbff ? charsMax - 1 : charsMax;
}

function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, escapeOf);
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0);
  if (code === 0x0a) return '\\n';
  const hex = code.toString(16);
  return code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
}
