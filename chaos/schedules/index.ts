/** The registry of schedules: reads the YAML files of chaos/schedules/, and others by their path. */
import { join } from 'node:path';
import { checked } from '../../bench/checked.ts';
import { type NamedDocument, NamedYaml } from '../../bench/named-yaml.ts';
import { Origin } from '../../bench/origin.ts';
import { readText } from '../../bench/read-yaml.ts';
import { type Campaign, campaignOf, campaignSchema } from './campaign-schema.ts';
import { type Schedule, scheduleOf, scheduleSchema, type WrittenSchedule } from './schedule.ts';

/** dist/chaos/schedules -> chaos/schedules of the project. */
const FILES = new NamedYaml('schedule', join(import.meta.dirname, '../../../chaos/schedules'));

export function scheduleNames(): string[] {
  return FILES.names();
}

/** @param reference the name of a schedule of the project, or the path of a YAML file. @throws UsageError */
export function readSchedule(reference: string): Schedule | Campaign {
  return eitherOf(FILES.read(reference));
}

/** @param file names the text in errors. @throws UsageError naming line, key, value and what is accepted */
export function parseSchedule(text: string, name: string, file: string): Schedule | Campaign {
  const { value: document, origin } = readText(text, file);
  return eitherOf({ name, reference: file, file, folder: '.', document, origin });
}

/** A schedule that was drawn or shortened. @throws UsageError */
export function scheduleFrom(written: WrittenSchedule, name: string): Schedule {
  const origin = new Origin(name);
  return scheduleOf({ name, folder: '.', origin }, checked(scheduleSchema, written, origin), written);
}

export function isCampaign(schedule: Schedule | Campaign): schedule is Campaign {
  return 'draw' in schedule;
}

/** A document with the key `draw` says what runs are drawn from; any other is one run. */
function eitherOf({ name, folder, document, origin }: NamedDocument): Schedule | Campaign {
  const file = { name, folder, origin };
  if (typeof document === 'object' && document !== null && 'draw' in document)
    return campaignOf(file, checked(campaignSchema, document, origin), document);
  return scheduleOf(file, checked(scheduleSchema, document, origin), document);
}
