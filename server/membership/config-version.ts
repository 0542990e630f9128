/**
 * The line that ends every configuration's text: "version=100000003", hexadecimal. @see docs/configuration.md
 * "Quorum text"
 */
const VERSION_LINE = /^version=([0-9a-f]{1,16})\s*$/m;

/** 0 when there is no such line: no server adopts such a configuration. */
export function configVersionOf(config: Buffer): number {
  const digits = VERSION_LINE.exec(config.toString('utf8'))?.[1];
  const version = digits === undefined ? 0 : Number.parseInt(digits, 16);
  return Number.isSafeInteger(version) ? version : 0;
}
