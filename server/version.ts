/** The version that tools compare with Apache's: it starts like one of theirs. */
export const SERVER_VERSION = '3.8.4-zklab-0.1.0';

/**
 * Date of this version. It changes together with the version, so that a build is the same on every machine.
 */
const BUILT_ON = '2026-11-20 20:45 UTC';

/**
 * The version as every answer shows it, in upstream's form. Monitoring agents take the version up to the
 * comma and the date behind "built on"; some drop the whole answer without both.
 */
export const FULL_VERSION = `${SERVER_VERSION}, built on ${BUILT_ON}`;
