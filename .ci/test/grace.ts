import process from 'node:process';

/** Where the runner tells a process of test files its grace period. */
export const GRACE_VARIABLE = 'ZKLAB_TEST_GRACE_MS';
/** On a busy machine a child or a socket may need seconds to go. */
export const GRACE_MS = 10_000;

/** How long the handles and children of a test file may outlive it before they count as left behind. */
export function graceMs(): number {
  return Number(process.env[GRACE_VARIABLE] ?? GRACE_MS);
}
