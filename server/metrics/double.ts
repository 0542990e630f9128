/**
 * A metric that upstream holds as a double. It is printed with a decimal point even when it is whole: an
 * agent that takes the type of a metric from its first value must not see an integer first and a fraction
 * later.
 */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toString(): string {
    const text = String(Math.round(this.value * 10_000) / 10_000);
    return text.includes('.') ? text : `${text}.0`;
  }
}
