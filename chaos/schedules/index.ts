/** The registry of schedules: reads the YAML files of chaos/schedules/. */
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { checked } from '../../bench/checked.ts';
import { NamedYaml } from '../../bench/named-yaml.ts';
import { parseYaml } from '../../bench/read-yaml.ts';
import { UsageError } from '../../bench/usage-error.ts';
import { readFault } from '../faults/index.ts';
import type { Step } from '../faults/nemesis.ts';
import { WORKLOADS } from '../workloads/index.ts';
import type { Workload } from '../workloads/workload.ts';

export interface Schedule {
  readonly name: string;
  /** One line, for `zklab list`. */
  readonly description: string;
  readonly topology: string;
  /** Of its file. A relative path of its topology begins there. */
  readonly folder: string;
  readonly workload: Workload;
  /** As the schema of the workload parses them. */
  readonly workloadOptions: object;
  readonly steps: readonly Step[];
  /** As the file has it, for the result. */
  readonly written: z.core.util.JSONType;
}

const ms = z.int().min(0).max(86_400_000);
const schema = z.strictObject({
  description: z.string(),
  /** In the form that `zklab up` takes. */
  topology: z.string(),
  workload: z.looseObject({ name: z.string() }),
  /**
   * Times in ms since the start. The options of a fault stand beside its name. Faults whose times overlap are
   * in force together.
   */
  steps: z.array(z.looseObject({ fault: z.string(), atMs: ms, forMs: ms })).min(1),
});

/** dist/chaos/schedules -> chaos/schedules of the project. */
const FILES = new NamedYaml('schedule', join(import.meta.dirname, '../../../chaos/schedules'));

export function scheduleNames(): string[] {
  return FILES.names();
}

/** @param reference the name of a schedule of the project, or the path of a YAML file. @throws UsageError */
export function readSchedule(reference: string): Schedule {
  const { name, origin, document } = FILES.read(reference);
  return scheduleOf(document, name, origin);
}

/** @param origin names the text in errors. @throws UsageError naming key, value and what is accepted */
export function parseSchedule(text: string, name: string, origin: string): Schedule {
  return scheduleOf(parseYaml(text, origin), name, origin);
}

function scheduleOf(document: unknown, name: string, origin: string): Schedule {
  const { description, topology, workload: written, steps } = checked(schema, document, origin);
  const { name: workloadName, ...options } = written;
  const workload = WORKLOADS.find(each => each.name === workloadName);
  if (workload === undefined)
    throw new UsageError(
      `${origin}: workload: "${workloadName}"; accepted are ${WORKLOADS.map(each => each.name).join(', ')}`,
    );
  return {
    name,
    description,
    topology,
    folder: dirname(origin),
    workload,
    workloadOptions: checked(workload.schema, options, `${origin}: workload ${workloadName}`) as object,
    steps: steps.map(({ atMs, forMs, ...fault }, at) => ({
      fault: readFault(fault, `${origin}: steps.${at}`),
      atMs,
      forMs,
    })),
    written: z.json().parse(document),
  };
}
