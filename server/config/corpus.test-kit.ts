import { assert } from '#test';
import type { ErrorCodeName } from '../errors.ts';
import { parseConfig, type ServerConfig } from './server-config.ts';

/** A whole configuration, and what it must mean. */
export interface Case {
  readonly name: string;
  readonly text: string;
  readonly dynamic?: { readonly path: string; readonly text: string };
  readonly myid?: string;
  /** What it means: fields of ServerConfig, and of the membership. */
  readonly means?: Partial<ServerConfig>;
  readonly sid?: number;
  readonly role?: 'participant' | 'observer';
  readonly servers?: readonly string[];
  /** The code of the refusal, and what it must say. */
  readonly refused?: readonly [ErrorCodeName, RegExp];
  /** Each warning, in order. */
  readonly warns?: readonly RegExp[];
}

export const everywhere = (port: number) => ({ host: '0.0.0.0', port });

/** Reads the configuration and compares it with what it must mean. */
export function checkCase({
  text,
  dynamic,
  myid,
  means = {},
  sid,
  role,
  servers,
  refused,
  warns = [],
}: Case): void {
  const parse = () =>
    parseConfig({
      path: '/conf/zoo.cfg',
      text,
      ...(dynamic === undefined ? {} : { dynamic }),
      ...(myid === undefined ? {} : { myid }),
    });
  if (refused !== undefined) {
    const [code, said] = refused;
    assert.throws(parse, (error: Error & { code: string }) => {
      assert.is(error.code, code, error.message);
      assert.match(error.message, said);
      return true;
    });
    return;
  }
  const config = parse();
  for (const [field, value] of Object.entries(means))
    assert.equal(config[field as keyof ServerConfig], value, field);
  assert.is(config.quorum?.sid, sid);
  if (sid !== undefined) assert.is(config.quorum?.role, role ?? 'participant');
  const hosts = [...(config.quorum?.config.servers.values() ?? [])].map(({ addresses }) => addresses[0].host);
  if (servers !== undefined) assert.equal(hosts, servers);
  assert.is(config.warnings.length, warns.length, config.warnings.join('\n'));
  for (const [at, said] of warns.entries()) assert.match(config.warnings[at] ?? '', said);
}
