/** Texts of configurations for tests, and helpers that show how one is refused. */
import { assert } from '#test';
import type { ConfigTexts } from './read-members.ts';
import { parseConfig, type ServerConfig } from './server-config.ts';

export const alone = 'dataDir=/d\nclientPort=2181\n';
export const three = [
  'dataDir=/d',
  'initLimit=10',
  'syncLimit=5',
  'server.1=a:2888:3888',
  'server.2=b:2888:3888',
  'server.3=c:2888:3888:observer;2183',
  'server.4=d:2888:3888',
  '',
].join('\n');

export function parse(text: string, rest: Partial<ConfigTexts> = {}): ServerConfig {
  return parseConfig({ path: '/zoo.cfg', text, ...rest });
}

export function refused(code: string, said: RegExp, text: string, rest: Partial<ConfigTexts> = {}): void {
  assert.throws(
    () => parse(text, rest),
    (error: Error & { code: string }) => {
      assert.is(error.code, code, error.message);
      assert.match(error.message, said);
      return true;
    },
  );
}
