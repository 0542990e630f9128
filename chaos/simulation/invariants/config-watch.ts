import { zxidToHex } from '../../../server/wire/zxid.ts';
import { type QuorumRules, rulesOf } from '../own-quorum.ts';

/** A reconfiguration that a client was told has happened. */
export interface AcknowledgedConfig {
  readonly version: number;
  readonly text: string;
}

/**
 * The history of configurations: what each member said was in force, and when. A version is the zxid of the
 * reconfiguration, or the start of the epoch that gave the first configuration its number.
 *
 * - A version has one text, wherever it is in force.
 * - At one member, from one start to the next, versions only rise.
 * - What a client was told is in force in the end, or was replaced by a later one.
 */
export class ConfigWatch {
  readonly #onViolation: (what: string) => void;
  readonly #texts = new Map<number, { readonly text: string; readonly member: string }>();
  readonly #inForce = new Map<string, number>();
  #newest = 0;

  constructor(onViolation: (what: string) => void) {
    this.#onViolation = onViolation;
  }

  /** The newest configuration that was in force somewhere; undefined before the first. */
  get newest(): { readonly version: number; readonly text: string } | undefined {
    const known = this.#texts.get(this.#newest);
    return known === undefined ? undefined : { version: this.#newest, text: known.text };
  }

  get rules(): QuorumRules | undefined {
    return this.newest === undefined ? undefined : rulesOf(this.newest.text);
  }

  /** How many configurations were in force so far. */
  get count(): number {
    return this.#texts.size;
  }

  starts(member: string): void {
    this.#inForce.delete(member);
  }

  /** `version` 0: the one in a member's file, which has no number yet. */
  inForce(member: string, version: number, text: string): void {
    if (version === 0) return;
    const before = this.#inForce.get(member) ?? 0;
    if (version < before)
      this.#onViolation(
        `${member} went back from configuration ${zxidToHex(before)} to ${zxidToHex(version)}`,
      );
    this.#inForce.set(member, version);
    const first = this.#texts.get(version);
    if (first === undefined) this.#texts.set(version, { text, member });
    else if (first.text !== text)
      this.#onViolation(
        `configuration ${zxidToHex(version)} is ${JSON.stringify(text)} at ${member}, ` +
          `and was ${JSON.stringify(first.text)} at ${first.member}`,
      );
    this.#newest = Math.max(this.#newest, version);
  }

  /** Called when all is healed and the members agree. */
  judge(acknowledged: readonly AcknowledgedConfig[]): void {
    for (const { version, text } of acknowledged) {
      const known = this.#texts.get(version);
      if (known !== undefined && known.text !== text)
        this.#onViolation(`a client was told another configuration ${zxidToHex(version)} than is in force`);
      if (version > this.#newest)
        this.#onViolation(
          `configuration ${zxidToHex(version)} was acknowledged and is lost: ${zxidToHex(this.#newest)} is the newest`,
        );
    }
  }
}
