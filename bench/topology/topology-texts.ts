/** Topologies in a suite: by the name that reports show, in the form that `zklab up` takes. */
import { z } from 'zod';

export const topologyTexts = z
  .record(z.string().regex(/^[\w-]+$/, { error: 'a name of letters, digits, - and _' }), z.string())
  .refine(topologies => Object.keys(topologies).length > 0, { error: 'at least one topology' });
