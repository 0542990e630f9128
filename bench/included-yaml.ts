/**
 * A YAML file that builds on others: `include: [common.yaml]`, with paths that begin in its folder. Keys of
 * the file win over those of what it includes, and later includes over earlier ones. Keys with values are
 * merged key by key; lists and single values are replaced.
 */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { checked } from './checked.ts';
import { type KeyPath, Origin } from './origin.ts';
import { type ReadDocument, readDocument } from './read-yaml.ts';
import { UsageError } from './usage-error.ts';

/** Files that one file may include, by itself and through others. */
const FILES_MAX = 20;

const includes = z
  .union([z.string(), z.array(z.string())], { error: 'the path of a .yaml file, or a list of them' })
  .optional();

/** The key, for the schemas of documents that may have it. It is gone once the files are merged. */
export const includeKey = includes.describe(
  'Files that this one builds on. Paths begin in its folder; keys of this file win.',
);

/**
 * @param what describes the file, as in `suite file`
 * @param within what names it, for an error about a file that cannot be read
 * @throws UsageError
 */
export function readIncluding(file: string, what: string, within?: string): ReadDocument {
  const document = readDocument(file, within === undefined ? what : `${within}: ${what}`);
  return merged(file, document, what, [], []);
}

function merged(
  file: string,
  document: ReadDocument,
  what: string,
  within: readonly string[],
  files: string[],
): ReadDocument {
  files.push(file);
  if (!isMap(document.value) || !('include' in document.value)) return document;
  const { include, ...own } = document.value;
  const { origin } = document;
  const written = checked(includes, include, origin.within('include')) ?? [];
  const chain = [...within, resolve(file)];
  const parts = [written].flat().map((path, index): ReadDocument => {
    const at = origin.at('include', ...(typeof written === 'string' ? [] : [index]));
    const other = isAbsolute(path) ? path : join(dirname(file), path);
    if (chain.includes(resolve(other)))
      throw new UsageError(`${at}: ${path} leads back to ${other}; accepted are files without a circle`);
    if (files.length >= FILES_MAX)
      throw new UsageError(`${at}: ${path} would be one file more than ${FILES_MAX}, which are accepted`);
    return merged(other, readIncluded(other, what, at), what, chain, files);
  });
  const layers = [{ ...document, value: own }, ...parts.reverse()];
  const value = layers
    .map(layer => layer.value)
    .reduceRight<unknown>((below, above) => over(above, below), {});
  const layerOf = (path: KeyPath) => layers.find(layer => layer.has(path));
  return {
    value,
    has: path => layerOf(path) !== undefined,
    origin: new Origin(file, path => (layerOf(path) ?? document).origin.place(path)),
  };
}

function readIncluded(file: string, what: string, at: string): ReadDocument {
  const document = readDocument(file, `${at}: ${what}`);
  if (!isMap(document.value))
    throw new UsageError(`${document.origin.place()}: it is no ${what}; accepted here are keys with values`);
  return document;
}

function over(above: unknown, below: unknown): unknown {
  if (!isMap(above) || !isMap(below)) return above;
  const keys = [...new Set([...Object.keys(below), ...Object.keys(above)])];
  return Object.fromEntries(keys.map(key => [key, key in above ? over(above[key], below[key]) : below[key]]));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
