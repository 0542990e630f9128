/**
 * Select Graphic Rendition, ECMA-48 8.3.117. `styleText` of newer Node.js releases would decide about colour
 * itself.
 */
const SGR = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, magenta: 35 } as const;

export type Style = keyof typeof SGR;
export type Paint = (style: Style, text: string) => string;

export function painter(colour: boolean): Paint {
  return (style, text) => (colour ? `\x1b[${SGR[style]}m${text}\x1b[0m` : text);
}
