import { clientFaultKind } from './parts/client-fault.ts';

export const clientStormKind = clientFaultKind(
  'client-storm',
  'fifty clients at a time ask a member for a session and leave',
  'storm',
);
