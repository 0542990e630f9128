/** Partitions of all members: their shapes differ in who no longer reaches whom. */
import { z } from 'zod';
import type { Random } from '../../../server/runtime/runtime.ts';
import type { SeededRandom } from '../../../server/runtime/seeded-random.ts';
import type { EnsembleShape } from '../../mesh/draw-target.ts';
import { LINK_KINDS } from '../../mesh/link.ts';
import { type MemberNow, membersText, TargetError } from '../../mesh/target.ts';
import type { LinkFaultContext } from '../context.ts';
import { type Fault, type FaultKind, needsLinks } from '../fault.ts';
import { CUTS, type Cut, cutHarm, cutSchema } from './cut.ts';
import { injectOnLinks } from './link-fault.ts';

/** Whether these two no longer reach each other; the same in both directions. */
type Divided = (a: string, b: string) => boolean;

export interface PartitionShape {
  readonly name: string;
  readonly description: string;
  /** Below these there is nothing to divide. */
  readonly votersMin: number;
  readonly membersMin: number;
  divide(members: readonly MemberNow[], random: Random): Divided;
}

function needs({ votersMin, membersMin }: Pick<PartitionShape, 'votersMin' | 'membersMin'>): string {
  return `needs ${votersMin} voters and ${membersMin} members`;
}

interface PartitionOptions {
  readonly how?: Cut | undefined;
}

/**
 * The kind of fault for a shape. Clients reach every member throughout, so that they see both sides.
 */
export function partitionKind(shape: PartitionShape): FaultKind<PartitionOptions> {
  const { name, description, votersMin, membersMin } = shape;
  const unfit = ({ members }: EnsembleShape): string | undefined => {
    const voters = members.filter(({ role }) => role === 'participant').length;
    return voters < votersMin || members.length < membersMin ? `it ${needs(shape)}` : undefined;
  };
  return {
    name,
    description,
    schema: z.strictObject({ how: cutSchema }),
    available: needsLinks,
    unfit,
    create: options => partition(shape, options),
    draw(random: SeededRandom, ensemble: EnsembleShape) {
      const hows = random.pick([CUTS, ['blackhole'], ['refuse']] as const);
      return unfit(ensemble) === undefined ? own => ({ how: own.pick(hows) }) : undefined;
    },
  };
}

export function partition(
  { name, description, votersMin, membersMin, divide }: PartitionShape,
  { how = 'blackhole' }: PartitionOptions = {},
): Fault<LinkFaultContext> {
  return {
    name,
    description,
    async inject(context) {
      const { mesh, random } = context;
      const members = await mesh.now();
      const voters = members.filter(({ isVoter }) => isVoter);
      if (voters.length < votersMin || members.length < membersMin)
        throw new TargetError(`${name} ${needs({ votersMin, membersMin })}; ${membersText(members)}`);
      const divided = divide(members, random);
      const isMember = new Set(members.map(({ name }) => name));
      const includes = (a: string, b: string) => isMember.has(a) && isMember.has(b) && divided(a, b);
      const flows = mesh.flowsOf({ includes, kinds: LINK_KINDS, text: name });
      const { links, harm } = cutHarm(context, how, flows);
      return injectOnLinks(context, links, harm);
    },
  };
}

/** Those of one of these groups reach each other, and nobody else. */
export function apart(...groups: readonly (readonly string[])[]): Divided {
  const groupOf = new Map(groups.flatMap((names, group) => names.map(name => [name, group] as const)));
  return (a, b) => groupOf.get(a) !== groupOf.get(b);
}
