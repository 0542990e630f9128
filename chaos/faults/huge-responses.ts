import { clientFaultKind } from './parts/client-fault.ts';

export const hugeResponsesKind = clientFaultKind(
  'huge-responses',
  'clients read 900 kB from a member again and again, 80 requests at a time',
  'largeReads',
);
