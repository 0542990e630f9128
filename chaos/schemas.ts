/** The JSON Schemas of what people write, and of results. `results/schemas/` has them for editors. */
import { join } from 'node:path';
import { gateSchema } from '../bench/compare/gate.ts';
import {
  eitherSchemaFile,
  type JsonSchema,
  jsonSchemaOf,
  kindsSchema,
  schemaFile,
} from '../bench/json-schema.ts';
import { replaySchema, workloadSchema } from '../bench/load/workload/workload-file.ts';
import { matrixSchema } from '../bench/matrix/matrix-schema.ts';
import { sharedSchema } from '../bench/shared-schemas.ts';
import type { Terminal } from '../bench/terminal.ts';
import { topologySchema } from '../bench/topology/topology.ts';
import { UsageError } from '../bench/usage-error.ts';
import { resultSchema } from '../results/schema.ts';
import { EXIT_CODES, type ExitCode } from '../results/verdicts.ts';
import { claimsSuiteSchema } from './experiments/suites.ts';
import { FAULTS } from './faults/index.ts';
import { campaignSchema } from './schedules/campaign-schema.ts';
import { scheduleSchema, stepTimes } from './schedules/schedule.ts';
import { WORKLOADS } from './workloads/index.ts';

/** dist/chaos -> results/schemas of the project. */
const FOLDER = join(import.meta.dirname, '../../results/schemas');

/** By name; each is made when it is asked for. */
export const SCHEMAS: Readonly<Record<string, { readonly about: string; make(): JsonSchema }>> = {
  suite: { about: 'what zklab bench and zklab claims --suite read', make: suiteSchema },
  topology: {
    about: 'what zklab up reads, and suites name',
    make: () => schemaFile('A topology of zklab', jsonSchemaOf(topologySchema)),
  },
  workload: { about: 'what zklab bench load reads, and matrix suites name', make: wholeWorkloadSchema },
  schedule: { about: 'what zklab chaos reads', make: wholeScheduleSchema },
  gate: {
    about: 'what zklab compare --gate reads',
    make: () => schemaFile('A gate of zklab', jsonSchemaOf(gateSchema)),
  },
  result: {
    about: 'result.json of a run',
    make: () => schemaFile('A result of zklab', jsonSchemaOf(resultSchema)),
  },
};

export function schemaFileName(name: string): string {
  return join(FOLDER, `${name}.schema.json`);
}

/** As it is written to a file. @throws UsageError for an unknown name */
export function schemaText(name: string): string {
  const schema = Object.hasOwn(SCHEMAS, name) ? SCHEMAS[name] : undefined;
  if (schema === undefined)
    throw new UsageError(`no schema is named "${name}"; accepted are ${Object.keys(SCHEMAS).join(', ')}`);
  return `${JSON.stringify(sharedSchema(schema.make()), undefined, 2)}\n`;
}

/** `zklab schema`: prints one of them, or where they are. @throws UsageError */
export function schemaCommand(name: string | undefined, terminal: Terminal): ExitCode {
  if (name !== undefined) terminal.print(schemaText(name));
  else {
    const lines = Object.entries(SCHEMAS).map(([each, { about }]) => `${schemaFileName(each)}\n  ${about}`);
    const hint = 'An editor with a YAML language server uses the one that the first line of a file names:';
    terminal.print(
      [...lines, '', hint, `# yaml-language-server: $schema=${schemaFileName('suite')}`].join('\n'),
    );
  }
  return EXIT_CODES.holds;
}

/** Both kinds of suites: one with a matrix, and one that measures claims. */
function suiteSchema(): JsonSchema {
  return eitherSchemaFile('A suite of zklab', 'matrix', {
    keyed: jsonSchemaOf(matrixSchema),
    other: jsonSchemaOf(claimsSuiteSchema()),
  });
}

/** Both kinds of workloads: one that replays a recording, and one whose requests are drawn. */
function wholeWorkloadSchema(): JsonSchema {
  return eitherSchemaFile('A workload of zklab', 'replay', {
    keyed: jsonSchemaOf(replaySchema),
    other: jsonSchemaOf(workloadSchema),
  });
}

/** Both kinds of schedules: one whose runs are drawn, and one run. */
function wholeScheduleSchema(): JsonSchema {
  const { properties, ...schedule } = jsonSchemaOf(scheduleSchema);
  const { properties: drawn, ...campaign } = jsonSchemaOf(campaignSchema);
  const { draw, ...rest } = drawn as Readonly<Record<string, JsonSchema>>;
  const workload = kindsSchema('name', WORKLOADS);
  return eitherSchemaFile('A schedule of zklab', 'draw', {
    keyed: {
      ...campaign,
      properties: {
        ...rest,
        draw: {
          ...draw,
          properties: {
            ...(draw!.properties as JsonSchema),
            workloads: { type: 'array', minItems: 1, items: workload },
            faults: {
              ...((draw!.properties as JsonSchema).faults as JsonSchema),
              items: { enum: FAULTS.filter(kind => kind.draw !== undefined).map(({ name }) => name) },
            },
          },
        },
      },
    },
    other: {
      ...schedule,
      properties: {
        ...(properties as JsonSchema),
        workload,
        steps: { type: 'array', minItems: 1, items: kindsSchema('fault', FAULTS, stepTimes) },
      },
    },
  });
}
