import { diskFailureKind } from './disk-failure.ts';

/** What an unsynced page is worth after that nobody knows, so the server may not try again. */
export const failingSyncKind = diskFailureKind(
  'failing-sync',
  'every disk sync of a member fails with EIO; it has to end',
  'EIO',
);
