/** Checks what a person wrote against a schema, and reports the first error in words. */
import type { z } from 'zod';
import { Origin } from './origin.ts';
import { UsageError } from './usage-error.ts';

const VALUE_CHARACTERS_MAX = 80;

/** @throws UsageError naming the place, the key, its value and what is accepted */
export function checked<S extends z.ZodType>(
  schema: S,
  input: unknown,
  origin: Origin | string,
): z.output<S> {
  const parsed = schema.safeParse(input, { error: accepted });
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  // A misspelled key explains why another one is missing.
  const issue = innermost(issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!);
  throw new UsageError(describe(issue, input, Origin.of(origin)));
}

/**
 * Finds the mistake in a value that may have several forms: it is inside the form whose keys and kind the
 * value has, if there is one.
 */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.find(issues => issues.length > 0 && issues.every(isInside))?.[0];
  return inner === undefined ? issue : innermost({ ...inner, path: [...issue.path, ...inner.path] });
}

function isInside({ code, path }: z.core.$ZodIssue): boolean {
  return path.length > 1 || (path.length === 1 && code !== 'invalid_value');
}

function at(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (parent, key) => (parent as Record<PropertyKey, unknown> | null | undefined)?.[key],
    input,
  );
}

function describe(issue: z.core.$ZodIssue, input: unknown, origin: Origin): string {
  const { path, message } = issue;
  const where = origin.key(path);
  if (issue.code === 'unrecognized_keys') {
    const place = origin.place([...path, issue.keys[0]!]);
    return `${place}: ${where === '' ? message : `${where}: ${message}`}`;
  }
  const value = at(input, path);
  const place = origin.place(path);
  if (path.length === 0 && input === null) return `${place}: it is empty; accepted is ${message}`;
  const shown = where === '' ? 'the document' : where;
  if (issue.code === 'invalid_key')
    return `${place}: ${shown}: accepted here is ${issue.issues[0]?.message ?? message}`;
  return `${place}: ${shown}: ${value === undefined ? 'missing' : shorten(value)}; accepted is ${message}`;
}

function shorten(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}...` : text;
}

const KINDS: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true, false',
  array: 'a list',
  object: 'keys with values',
  record: 'keys with values',
};

/** Of an absent integer zod only says that it expected a number. */
function isWhole(schema: unknown): boolean {
  return (schema as z.core.$ZodNumberFormat | undefined)?._zod.def.format === 'safeint';
}

/** What is accepted, in words, for schemas that do not say so themselves. */
function accepted(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const { def } = (issue.inst as z.core.$ZodObject)._zod;
      return `unknown ${issue.keys.length === 1 ? 'key' : 'keys'} ${issue.keys.join(', ')}; accepted are ${Object.keys(def.shape).join(', ')}`;
    }
    case 'invalid_type':
      return isWhole(issue.inst) ? KINDS.int : KINDS[issue.expected];
    case 'invalid_union':
      return acceptedKinds(issue);
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    case 'too_small':
      return issue.origin === 'string' ? `at least ${issue.minimum} characters` : `${issue.minimum} or more`;
    case 'too_big':
      return `${issue.maximum} or less`;
    default:
      return undefined;
  }
}

/** The key that tells the forms of a value apart, such as `kind`; without one, what each form accepts. */
function acceptedKinds(issue: z.core.$ZodRawIssue): string | undefined {
  const { options, errors = [] } = issue as {
    readonly options?: readonly unknown[];
    readonly errors?: readonly (readonly z.core.$ZodIssue[])[];
  };
  if (options !== undefined) return options.map(String).join(', ');
  const forms = new Set(errors.flatMap(([first]) => (first === undefined ? [] : [first.message])));
  return forms.size === 0 ? undefined : [...forms].join(' or ');
}
