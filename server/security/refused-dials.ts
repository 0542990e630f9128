import type { ErrorCodeName } from '../errors.ts';
import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { Logger } from '../runtime/logging/logger.ts';
import { RatedLog } from '../runtime/logging/rated-log.ts';
import type { Address, Clock } from '../runtime/runtime.ts';

/** Limit on the addresses whose last refusal is remembered. */
const TOLD_MAX = 1000;

/** Logs dials that one side refuses: one line for each address and reason, because dials are repeated. */
export class RefusedDials {
  readonly #lines: RatedLog;
  readonly #code: ErrorCodeName;
  readonly #beginning: string;
  readonly #told = new Map<string, string>();

  constructor(
    parts: { readonly clock: Clock; readonly logger: Logger },
    code: ErrorCodeName,
    beginning: string,
  ) {
    this.#lines = new RatedLog(parts);
    this.#code = code;
    this.#beginning = beginning;
  }

  tell(address: Address, reason: string): void {
    const member = formatAddress(address);
    if (this.#told.get(member) === reason) return;
    if (this.#told.size >= TOLD_MAX) this.#told.clear();
    this.#told.set(member, reason);
    this.#lines.warn('refused members', `${this.#beginning} ${member}: ${reason}`, {
      code: this.#code,
      member,
    });
  }

  /** The address was reached, so its next refusal is logged again. */
  reached(address: Address): void {
    this.#told.delete(formatAddress(address));
  }
}
