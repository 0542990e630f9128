/**
 * The form of a matrix suite: every topology under every workload, condition and setting. Its descriptions
 * appear in editors, through the JSON Schema that is made from it.
 */
import { z } from 'zod';
import { includeKey } from '../included-yaml.ts';
import { namedImplementation } from '../topology/implementation.ts';
import { topologyTexts } from '../topology/topology-texts.ts';
import { matrixWorkload } from './matrix-workload.ts';

export const CLIENTS = ['leader', 'followers', 'voters', 'observers', 'all'] as const;
export type Clients = (typeof CLIENTS)[number];

const name = z.string().regex(/^[\w.-]+$/, { error: 'a name of letters, digits, ., - and _' });
const milliseconds = z.int().min(0).max(3_600_000);
const settingValue = z.union([z.string(), z.number(), z.boolean()], {
  error: 'a text, a number, true or false',
});

const someNames = z.union([z.string(), z.array(z.string()).min(1)], { error: 'a name, or a list of names' });
const someValues = z.union([settingValue, z.array(settingValue).min(1)], {
  error: 'a value, or a list of values',
});
const selector = z.strictObject({
  topology: someNames.optional(),
  workload: someNames.optional(),
  condition: someNames.optional(),
  settings: z.record(z.string(), someValues).optional(),
});
/** Cells, by their coordinates: those that have one of the names or values of each key. */
export type Selector = z.infer<typeof selector>;

const condition = z.strictObject({
  clients: z
    .enum(CLIENTS, { error: CLIENTS.join(', ') })
    .default('voters')
    .describe('The members that clients connect to. Faults belong to zklab claims and zklab chaos.'),
  server: namedImplementation.default('zklab').describe('The server of every member.'),
  budget: z
    .number({ error: 'cores, from 0.01 to 64' })
    .min(0.01, { error: 'cores, from 0.01 to 64' })
    .max(64, { error: 'cores, from 0.01 to 64' })
    .optional()
    .describe('CPU of each member in cores, by cgroups. Windows that it did not bound are void.'),
});

const extraCell = z.strictObject({
  topology: name,
  workload: name,
  condition: name.optional(),
  settings: z.record(z.string(), settingValue).default({}),
  tags: z.array(name).default([]),
});
export type ExtraCell = z.infer<typeof extraCell>;

function namesTo<V extends z.ZodType>(value: V, what: string) {
  return z
    .record(name, value)
    .refine(entries => Object.keys(entries).length > 0, { error: `at least one ${what}` });
}

const axes = z
  .strictObject({
    topologies: topologyTexts.describe('By name, in the form that zklab up takes, or the path of a file.'),
    workloads: namesTo(matrixWorkload, 'workload').describe('By name: what clients request, and how fast.'),
    conditions: namesTo(condition, 'condition')
      .default({ healthy: { clients: 'voters', server: 'zklab' } })
      .describe('By name: where clients connect, which server runs, and the CPU budget of its members.'),
    settings: z
      .record(z.string(), z.array(settingValue).min(1, { error: 'at least one value' }))
      .default({})
      .describe('Keys of zoo.cfg, each with the values to measure.'),
    exclude: z.array(selector).default([]).describe('Cells that are left out.'),
    include: z.array(extraCell).default([]).describe('Cells besides those of the axes.'),
  })
  .describe('Axes. A cell is one topology under one workload, one condition and one value of each setting.');

export const matrixSchema = z.strictObject({
  include: includeKey,
  description: z.string().describe('One line, for zklab list.'),
  matrix: axes,
  baseline: selector
    .optional()
    .describe(
      'What each cell is compared with: the cell that has these coordinates and otherwise its own. By default the first cell.',
    ),
  tags: z
    .record(name, z.union([selector, z.array(selector).min(1)], { error: 'a selector, or a list of them' }))
    .default({})
    .describe('Names for groups of cells, for --only. Names of axes are tags already.'),
  settings: z
    .record(z.string(), settingValue)
    .default({})
    .describe('Keys of zoo.cfg for every member of every cell.'),
  starts: z
    .int()
    .min(1)
    .max(1_000)
    .default(6)
    .describe('How often all ensembles are started anew. Intervals count starts, and need at least 5.'),
  rounds: z.int().min(1).max(1_000).default(1).describe('Interleaved rounds of each start.'),
  budgetMs: milliseconds
    .min(1)
    .optional()
    .describe('After startsMin starts, no start begins that would end after this time.'),
  startsMin: z.int().min(1).max(1_000).optional().describe('By default 5, or all starts if these are fewer.'),
  warmupMs: milliseconds
    .default(2_000)
    .describe('How long each workload runs on each fresh ensemble before anything is measured.'),
  settleMs: milliseconds.default(300).describe('The first part of each load, which is not measured.'),
  windowMs: milliseconds.min(100).default(3_000).describe('The measured part of each load.'),
  marginPercent: z
    .number()
    .gt(0, { error: 'more than 0' })
    .max(100)
    .default(3)
    .describe('A ratio is called no difference if its whole interval is this near to 1, in percent.'),
  recoverMaxMs: milliseconds
    .min(1)
    .default(30_000)
    .describe('A member that ended must serve again within this time.'),
});

export type MatrixKeys = z.infer<typeof matrixSchema>;
