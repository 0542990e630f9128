/** The registry of schedules: reads the YAML files of chaos/schedules/. */
import { join } from 'node:path';
import { z } from 'zod';
import { checked } from '../../bench/checked.ts';
import { includeKey } from '../../bench/included-yaml.ts';
import { type NamedDocument, NamedYaml } from '../../bench/named-yaml.ts';
import type { Origin } from '../../bench/origin.ts';
import { readText } from '../../bench/read-yaml.ts';
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
  /** Where its keys stand, for errors. */
  readonly origin: Origin;
  readonly workload: Workload;
  /** As the schema of the workload parses them. */
  readonly workloadOptions: object;
  readonly steps: readonly Step[];
  /** As the file has it, for the result. */
  readonly written: z.core.util.JSONType;
}

const ms = z.int().min(0).max(86_400_000);
/** Ms since the start. */
export const stepTimes = { atMs: ms, forMs: ms };
export const scheduleSchema = z.strictObject({
  include: includeKey,
  description: z.string(),
  /** In the form that `zklab up` takes. */
  topology: z.string(),
  workload: z.looseObject({ name: z.string() }),
  /**
   * Times in ms since the start. The options of a fault stand beside its name. Faults whose times overlap are
   * in force together.
   */
  steps: z.array(z.looseObject({ fault: z.string(), ...stepTimes })).min(1),
});

/** dist/chaos/schedules -> chaos/schedules of the project. */
const FILES = new NamedYaml('schedule', join(import.meta.dirname, '../../../chaos/schedules'));

export function scheduleNames(): string[] {
  return FILES.names();
}

/** @param reference the name of a schedule of the project, or the path of a YAML file. @throws UsageError */
export function readSchedule(reference: string): Schedule {
  return scheduleOf(FILES.read(reference));
}

/** @param file names the text in errors. @throws UsageError naming line, key, value and what is accepted */
export function parseSchedule(text: string, name: string, file: string): Schedule {
  const { value: document, origin } = readText(text, file);
  return scheduleOf({ name, reference: file, file, folder: '.', document, origin });
}

function scheduleOf({ name, folder, document, origin }: NamedDocument): Schedule {
  const { description, topology, workload: written, steps } = checked(scheduleSchema, document, origin);
  const { name: workloadName, ...options } = written;
  const workload = WORKLOADS.find(each => each.name === workloadName);
  if (workload === undefined)
    throw new UsageError(
      `${origin.at('workload', 'name')}: "${workloadName}"; accepted are ${WORKLOADS.map(each => each.name).join(', ')}`,
    );
  return {
    name,
    description,
    topology,
    folder,
    origin,
    workload,
    workloadOptions: checked(workload.schema, options, origin.within('workload')) as object,
    steps: steps.map(({ atMs, forMs, ...fault }, at) => ({
      fault: readFault(fault, origin.within('steps', at)),
      atMs,
      forMs,
    })),
    written: z.json().parse(document),
  };
}
