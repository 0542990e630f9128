import { diskFailureKind } from './parts/disk-failure.ts';

export const fullDiskKind = diskFailureKind(
  'full-disk',
  'the disk of a member is full (ENOSPC); it has to end',
  'ENOSPC',
);
