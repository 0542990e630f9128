/**
 * A message of any of the protocols as a list of typed fields. A mutation that knows the fields can change a
 * length, repeat a count or break a path, while the rest of the message still arrives where the parser
 * expects it.
 */
export type Field =
  | { readonly kind: 'byte' | 'int'; readonly value: number }
  | { readonly kind: 'long'; readonly value: bigint }
  /**
   * An int length and the bytes; null has the length -1. `says`: a false length to send instead of the true
   * one.
   */
  | { readonly kind: 'buffer'; readonly value: Buffer | null; readonly says?: number }
  | { readonly kind: 'raw'; readonly value: Buffer };

export type Message = readonly Field[];

export const byte = (value: number): Field => ({ kind: 'byte', value });
export const int = (value: number): Field => ({ kind: 'int', value });
export const long = (value: bigint | number): Field => ({ kind: 'long', value: BigInt(value) });
export const buffer = (value: Buffer | null): Field => ({ kind: 'buffer', value });
export const text = (value: string | null): Field =>
  buffer(value === null ? null : Buffer.from(value, 'utf8'));
export const raw = (value: Buffer): Field => ({ kind: 'raw', value });

export function encode(message: Message): Buffer {
  return Buffer.concat(message.map(encodeField));
}

/**
 * The message behind its length, as on the client and election ports. `says`: a false length to send instead.
 */
export function encodeFrame(message: Message, says?: number): Buffer {
  const body = encode(message);
  const length = Buffer.alloc(4);
  length.writeInt32BE((says ?? body.length) | 0);
  return Buffer.concat([length, body]);
}

function encodeField(field: Field): Buffer {
  switch (field.kind) {
    case 'byte':
      return Buffer.from([field.value & 0xff]);
    case 'int': {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(field.value | 0);
      return bytes;
    }
    case 'long': {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(BigInt.asIntN(64, field.value));
      return bytes;
    }
    case 'buffer': {
      const length = Buffer.alloc(4);
      length.writeInt32BE((field.says ?? field.value?.length ?? -1) | 0);
      return field.value === null ? length : Buffer.concat([length, field.value]);
    }
    case 'raw':
      return field.value;
  }
}
