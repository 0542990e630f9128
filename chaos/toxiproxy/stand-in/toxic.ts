import { z } from 'zod';
import { ApiError } from './api-error.ts';
import type { ToxicType } from './stage.ts';
import { toxicTypes } from './toxics/registry.ts';

export type Direction = 'upstream' | 'downstream';

/** A toxic of one proxy. Every connection of the proxy has its own stage of it. */
export interface Toxic {
  readonly name: string;
  readonly type: ToxicType;
  readonly stream: Direction;
  /** Share of the connections that it affects, 0 to 1. */
  toxicity: number;
  /** Changed in place, so that the stages see it. */
  readonly attributes: Record<string, number>;
}

const creation = z.object({
  name: z.string().nullish(),
  type: z.string().nullish(),
  stream: z.string().nullish(),
  toxicity: z.number().nullish(),
  attributes: z.record(z.string(), z.unknown()).nullish(),
});
const change = creation.pick({ toxicity: true, attributes: true });

/** Decodes a request to create a toxic. Defaults: stream `downstream`, name `<type>_<stream>`, toxicity 1. */
export function decodeToxic(body: unknown, exists: (name: string) => boolean): Toxic {
  const asked = decode(creation, body);
  const stream = (asked.stream ?? 'downstream').toLowerCase();
  if (stream !== 'upstream' && stream !== 'downstream') throw new ApiError('invalidStream');
  const type = toxicTypes.get(asked.type ?? '');
  if (type === undefined) throw new ApiError('invalidToxicType');
  const name = asked.name || `${type.type}_${stream}`;
  if (exists(name)) throw new ApiError('toxicAlreadyExists');
  const attributes = Object.fromEntries(type.attributes.map(attribute => [attribute, 0]));
  assignAttributes(attributes, asked.attributes ?? {});
  return { name, type, stream, toxicity: asked.toxicity ?? 1, attributes };
}

/** Changes the fields that the body names and keeps the others. */
export function changeToxic(toxic: Toxic, body: unknown): void {
  const asked = decode(change, body);
  assignAttributes(toxic.attributes, asked.attributes ?? {});
  toxic.toxicity = asked.toxicity ?? toxic.toxicity;
}

export function toxicJson({ attributes, name, type, stream, toxicity }: Toxic): object {
  return { attributes, name, type: type.type, stream, toxicity };
}

/** Decodes a body. The refusal of an invalid one names the place and what is accepted there. */
export function decode<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(asGoReads(body));
  if (!result.success) throw new ApiError('badRequestBody', z.prettifyError(result.error));
  return result.data;
}

/** Go matches field names in any case, and treats null as a missing field. */
function asGoReads(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(asGoReads);
  if (body === null) return {};
  if (typeof body !== 'object') return body;
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key.toLowerCase(), value]));
}

function assignAttributes(attributes: Record<string, number>, given: Record<string, unknown>): void {
  const changes: Record<string, number> = {};
  for (const [spelled, value] of Object.entries(given)) {
    const name = spelled.toLowerCase();
    if (!Object.hasOwn(attributes, name) || value === null) continue;
    if (!Number.isSafeInteger(value))
      throw new ApiError('badRequestBody', `attribute ${name} is ${JSON.stringify(value)}, not an integer`);
    changes[name] = value as number;
  }
  Object.assign(attributes, changes);
}
