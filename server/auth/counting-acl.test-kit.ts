import type { Acl, Id } from '../wire/acl.ts';

/** An ACL of `ip` entries, none of which admits 127.0.0.1, that counts how often its entries are read. */
export class CountingAcl {
  readonly acl: readonly Acl[];
  reads = 0;

  constructor(entries: number, last: Acl | null = null) {
    const counting = (index: number): Acl => {
      const own: Id = { scheme: 'ip', id: `10.${index >> 16}.${(index >> 8) & 0xff}.${index & 0xff}` };
      const count = () => this.reads++;
      return {
        perms: 31,
        get id() {
          count();
          return own;
        },
      };
    };
    const acl = Array.from({ length: entries }, (_, index) => counting(index));
    this.acl = last === null ? acl : [...acl, last];
  }
}
