import { clientFaultKind } from './parts/client-fault.ts';

export const slowClientKind = clientFaultKind(
  'slow-client',
  'eight clients ask a member for much and read nothing any more',
  'stalled',
);
