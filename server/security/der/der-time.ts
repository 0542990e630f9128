import { DerError, type DerValue, Tag } from './der.ts';

export function isTime(value: DerValue | undefined): boolean {
  return value?.tag === Tag.utcTime || value?.tag === Tag.generalizedTime;
}

/** A time of DER in ms since 1970. @throws DerError */
export function timeOf({ tag, body }: DerValue): number {
  const text = body.toString('latin1');
  const century = tag === Tag.generalizedTime ? '' : Number(text.slice(0, 2)) < 50 ? '20' : '19';
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text);
  if (match === null) throw new DerError('a time is not written as in DER');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
