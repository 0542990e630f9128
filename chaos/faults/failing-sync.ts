import { diskFailureKind } from './parts/disk-failure.ts';

/** The state of unsynced pages is unknown after that, so the server must not try again. */
export const failingSyncKind = diskFailureKind(
  'failing-sync',
  'every disk sync of a member fails with EIO; it has to end',
  'EIO',
);
