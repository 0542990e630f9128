/** What kinds of faults share whose only option is the members that they are on. */
import { z } from 'zod';
import { drawTargets } from '../../mesh/draw-target.ts';
import { memberTargetSchema } from '../../mesh/selector-schema.ts';
import type { MemberTarget } from '../../mesh/target.ts';
import type { FaultKind } from '../fault.ts';

export interface TargetOptions {
  readonly target: MemberTarget;
}

export const targeted: Required<Pick<FaultKind<TargetOptions>, 'schema' | 'draw'>> = {
  schema: z.strictObject({ target: memberTargetSchema }),
  draw(random, shape) {
    const target = drawTargets(random, shape);
    return own => ({ target: target(own) });
  },
};
