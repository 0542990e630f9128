/** Identities and flags of the requests that tests prepare. */
import { digestId } from '../auth/digest-id.ts';
import { type Acl, type Id, Perms } from '../wire/acl.ts';

export const OTHER = 0x0200_0000_0000_0001n;
export const EPHEMERAL = 1;
export const SEQUENTIAL = 2;
export const CONTAINER = 4;
export const USER: Id = { scheme: 'digest', id: digestId('user:pass') };
/** An ACL for USER only, which grants nothing but READ. */
export const LOCKED: Acl[] = [{ perms: Perms.READ, id: USER }];
