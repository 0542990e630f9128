/** Reads a topology as a person typed it: a preset, a short form, or a file. */
import { isAbsolute, join } from 'node:path';
import { readIncluding } from '../included-yaml.ts';
import { UsageError } from '../usage-error.ts';
import { implementationNamed, NAMES_ACCEPTED } from './implementation.ts';
import { PRESETS } from './presets.ts';
import { type Topology, type TopologyInput, topologyOf } from './topology.ts';

const SHORT_KEYS = [
  'voters',
  'observers',
  'masters',
  'packed',
  'server',
  'budget',
  'bandwidth',
  'delay',
] as const;

/**
 * @param reference `masters`, `voters=3 observers=4 masters=on [packed=25] [server=apache] [budget=0.15]
 *   [bandwidth=100mbit] [delay=25ms]`, a preset with some of these (`observers server=apache`), or the path
 *   of a YAML file
 * @param within what names it, for errors
 * @param folder where a relative path begins: that of the file that contains it. @default the present one
 * @throws UsageError
 */
export function readTopology(reference: string, within?: string, folder = '.'): Topology {
  const text = reference.trim();
  const origin = `${within === undefined ? '' : `${within}: `}topology "${reference}"`;
  if (/\.ya?ml$/.test(text)) {
    const file = isAbsolute(text) ? text : join(folder, text);
    const read = readIncluding(file, 'topology file', within);
    return topologyOf(read.value, read.origin);
  }
  const [first = '', ...rest] = text.split(/[\s,]+/).filter(word => word !== '');
  const preset = Object.hasOwn(PRESETS, first) ? PRESETS[first] : undefined;
  if (preset === undefined && !first.includes('='))
    throw new UsageError(
      `${origin}: accepted are ${Object.keys(PRESETS).join(', ')}, ` +
        'a short form such as voters=3 observers=4 masters=on server=apache, or a .yaml file',
    );
  const words = preset === undefined ? [first, ...rest] : rest;
  const given = parseWords(words, origin);
  // A preset with other counts is another topology, and its name would mislead.
  const { name, ...counts } = preset ?? {};
  const input = { ...counts, ...given, ...(words.length === 0 && name !== undefined ? { name } : {}) };
  return topologyOf(input, origin);
}

function parseWords(words: readonly string[], origin: string): TopologyInput {
  const input: Record<string, unknown> = {};
  for (const word of words) {
    const [, key = '', value = ''] = /^([^=]+)=(.+)$/.exec(word) ?? [];
    if (!SHORT_KEYS.some(known => known === key))
      throw new UsageError(`${origin}: "${word}" is not accepted; accepted are ${SHORT_KEYS.join('=, ')}=`);
    if (key === 'server' && implementationNamed(value) === undefined)
      throw new UsageError(`${origin}: server=${value}; accepted are ${NAMES_ACCEPTED}`);
    const name = key === 'server' ? 'implementation' : key;
    if (Object.hasOwn(input, name)) throw new UsageError(`${origin}: ${key} is given twice`);
    input[name] = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  }
  return input;
}
