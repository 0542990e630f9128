import { diskFailureKind } from './parts/disk-failure.ts';

/** As when the kernel remounts a file system after an error. */
export const readOnlyDiskKind = diskFailureKind(
  'read-only-disk',
  'the disk of a member can only be read (EROFS); it has to end',
  'EROFS',
);
