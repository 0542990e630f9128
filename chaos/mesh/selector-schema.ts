/** The schemas of targets and selectors as people write them in suites, schedules and on command lines. */
import { z } from 'zod';
import { CLIENT, LINK_KINDS } from './link.ts';
import { OTHERS, type Selector, type Target } from './select.ts';
import { type MemberTarget, VOTER_SETS } from './target.ts';

/** In an ensemble there are no more. */
const MEMBERS_MAX = 255;

const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]);
const count = z.int().min(1).max(MEMBERS_MAX);

const MEMBER_TARGETS = [
  z.literal('any'),
  z.strictObject({ role: z.string(), count: count.optional() }),
  z.strictObject({ name: oneOrMore }),
  z.strictObject({ dc: oneOrMore }),
  z.strictObject({ masterOf: z.string() }),
  z.strictObject({ voters: z.enum(VOTER_SETS) }),
  z.strictObject({ random: count }),
] as const;
const ACCEPTED = `{ name: v1 }, { role: follower, count: 2 }, { dc: paris }, { masterOf: o1 }, { voters: ${VOTER_SETS.join(' | ')} }, { random: 2 }, any`;

export const memberTargetSchema: z.ZodType<MemberTarget> = z.union(MEMBER_TARGETS, { error: ACCEPTED });

const from: z.ZodType<Target> = z.union([z.literal(CLIENT), ...MEMBER_TARGETS], {
  error: `${ACCEPTED}, ${CLIENT}`,
});
const to: z.ZodType<Target> = z.union([z.literal(CLIENT), z.literal(OTHERS), ...MEMBER_TARGETS], {
  error: `${ACCEPTED}, ${CLIENT}, ${OTHERS}`,
});

const linkKindsSchema = z.array(z.enum(LINK_KINDS)).min(1).optional();

export const selectorSchema: z.ZodType<Selector> = z.strictObject({
  from,
  to,
  both: z.boolean().default(false),
  kinds: linkKindsSchema,
});
