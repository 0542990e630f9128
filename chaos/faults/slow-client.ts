import { clientFaultKind } from './parts/client-fault.ts';

export const slowClientKind = clientFaultKind(
  'slow-client',
  'eight clients request large replies from a member, and stop reading',
  'stalled',
);
