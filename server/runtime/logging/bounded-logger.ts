import { printable } from '../../printable.ts';
import type { LogFields, Logger } from './logger.ts';

/** Limit on a message, and on all its fields together. Member lists and stacks are longer than most lines. */
export const LOG_TEXT_CHARS_MAX = 8_000;
/** Limit on one field: text from a peer is identified, never copied in full. */
const FIELD_CHARS_MAX = 1_000;
const FIELDS_MAX = 50;
const DEPTH_MAX = 3;

/**
 * Bounds the length of every line, and escapes every character that a terminal would act on, because peers
 * and clients can choose much of the text that is logged. This is the last step before the line is written
 * (field report B11).
 */
export function boundedLogger(log: Logger): Logger {
  return {
    debug: (message, fields) => log.debug(printable(message, LOG_TEXT_CHARS_MAX), boundedFields(fields)),
    info: (message, fields) => log.info(printable(message, LOG_TEXT_CHARS_MAX), boundedFields(fields)),
    warn: (message, fields) => log.warn(printable(message, LOG_TEXT_CHARS_MAX), boundedFields(fields)),
    error: (message, fields) => log.error(printable(message, LOG_TEXT_CHARS_MAX), boundedFields(fields)),
    child: fields => boundedLogger(log.child(boundedFields(fields))),
  };
}

/** The rest of the bound on the fields of one line. */
interface Room {
  chars: number;
}

function boundedFields(fields: LogFields = {}): LogFields {
  return boundedObject(fields, { chars: LOG_TEXT_CHARS_MAX }, 1);
}

function boundedObject(fields: object, room: Room, depth: number): LogFields {
  const bounded: Record<string, unknown> = {};
  let count = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (room.chars <= 0 || count++ === FIELDS_MAX) {
      bounded['...'] = 'more fields than a line may have';
      break;
    }
    bounded[text(name, room)] = boundedValue(value, room, depth);
  }
  return bounded;
}

function boundedValue(value: unknown, room: Room, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return text(value, room);
    case 'number':
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      if (value === null) return null;
      if (value instanceof Error) return text(value.message, room);
      if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
      if (depth === DEPTH_MAX) return '...';
      if (Array.isArray(value)) return boundedList(value, room, depth + 1);
      return boundedObject(value, room, depth + 1);
    default:
      return text(String(value), room);
  }
}

function boundedList(values: readonly unknown[], room: Room, depth: number): unknown[] {
  const bounded: unknown[] = [];
  for (const value of values) {
    if (room.chars <= 0 || bounded.length === FIELDS_MAX) {
      bounded.push(`... (${values.length} in all)`);
      break;
    }
    bounded.push(boundedValue(value, room, depth));
  }
  return bounded;
}

function text(value: string, room: Room): string {
  const shown = printable(value, Math.max(0, Math.min(FIELD_CHARS_MAX, room.chars)));
  room.chars -= shown.length;
  return shown;
}
