/** As the `srvr` word and AdminServer show it: tools compare it with Apache's, so it starts like a version of theirs. */
export const SERVER_VERSION = '3.8.4-zklab-0.1.0';
