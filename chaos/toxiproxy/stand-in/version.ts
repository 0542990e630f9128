/** The release whose behaviour this stand-in follows, marked as a stand-in. */
export const STAND_IN_VERSION = '2.12.0+zklab-stand-in';
