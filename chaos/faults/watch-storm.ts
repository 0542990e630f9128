import { clientFaultKind } from './parts/client-fault.ts';

export const watchStormKind = clientFaultKind(
  'watch-storm',
  'a client sets 50,000 watches on a member again and again',
  'watchers',
);
