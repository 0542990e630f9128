/** Each agent of the table reads the real answers of each role, as they come through the client port. */
import { assert, suite } from '#test';
import { body, MemoryClient } from '../memory-client.test-kit.ts';
import { CLIENT_PORT, MemoryEnsemble } from '../memory-ensemble.test-kit.ts';
import { OpCode } from '../wire/opcodes.ts';
import { AGENTS } from './monitoring-agents.test-kit.ts';

const test = suite('clients: monitoring agents');

const OBSERVER = 3;

/** An agent opens a connection for each word; some send a line, and some close their half at once. */
function ask(ensemble: MemoryEnsemble, sid: number, text: string): string {
  const raw = ensemble.dial(sid, CLIENT_PORT);
  raw.write(Buffer.from(text));
  raw.untilClosed();
  return raw.received.toString();
}

/** Latencies that are no integers, watches, ephemerals, and counters above nine. */
function busy(ensemble: MemoryEnsemble, sid: number): void {
  const client = MemoryClient.open(ensemble, sid);
  client.create('/mine', 'data', 1);
  client.ask(OpCode.getData, body.read('/mine', true));
  for (let i = 0; i < 10; i++) {
    ensemble.time.advance(i / 7);
    client.get('/mine');
  }
}

function rolesOf(): { role: string; ensemble: MemoryEnsemble; sid: number }[] {
  const alone = new MemoryEnsemble({ voters: 0 }).start();
  const ensemble = new MemoryEnsemble({ voters: 2, observers: 1 }).start();
  const { leader } = ensemble;
  return [
    { role: 'standalone', ensemble: alone, sid: 1 },
    { role: 'leader', ensemble, sid: leader },
    { role: 'follower', ensemble, sid: leader === 1 ? 2 : 1 },
    { role: 'observer', ensemble, sid: OBSERVER },
  ];
}

for (const agent of AGENTS) {
  test(`field report D1: ${agent.name} reads every role`, () => {
    for (const { role, ensemble, sid } of rolesOf()) {
      for (const when of ['idle', 'busy']) {
        if (when === 'busy') busy(ensemble, sid);
        const reported = agent.reads(ask(ensemble, sid, agent.word + (agent.ending ?? '')));
        const needs = [...agent.needs, ...(role === 'leader' ? (agent.needsOfLeader ?? []) : [])];
        for (const name of needs) assert.ok(reported.has(name), `${name} of a ${when} ${role}`);
        const mode = reported.get('zk_server_state') ?? reported.get('server_state') ?? reported.get('mode');
        if (mode !== undefined) assert.is(mode, role);
      }
    }
  });
}

test('field report D1: the version of every answer has the date that upstream has', () => {
  const ensemble = new MemoryEnsemble({ voters: 0 }).start();
  const version = String.raw`\d+\.\d+\.\d+-[\w.-]+, built on \d{4}-\d\d-\d\d \d\d:\d\d UTC`;
  for (const [word, before] of [
    ['srvr', '^Zookeeper version: '],
    ['stat', '^Zookeeper version: '],
    ['mntr', '^zk_version\t'],
    ['envi', '^Environment:\nzookeeper\\.version='],
  ] as const)
    assert.match(ask(ensemble, 1, word), new RegExp(`${before}${version}\n`), word);
});

test('a server that does not serve says so in the phrase that agents look for, on one line', () => {
  const ensemble = new MemoryEnsemble({ voters: 3 }).boot(1);
  ensemble.time.advance(500);
  // Exporters say that a server is up when its mntr has metrics, also when no quorum is left.
  for (const word of ['srvr', 'stat', 'mntr', 'cons', 'conf', 'wchs', 'dump'])
    assert.is(ask(ensemble, 1, word), 'This ZooKeeper instance is not currently serving requests\n', word);
});

test('field report D5: srvr is on whatever the whitelist says, isro with a read-only mode', () => {
  const whitelists: [whitelist: string, readOnly: boolean, enabled: string[]][] = [
    ['ruok', false, ['srvr', 'ruok']],
    ['', false, ['srvr']],
    ['', true, ['srvr', 'isro']],
    [' ruok , wchs,', false, ['srvr', 'ruok', 'wchs']],
    ['RUOK, nope', false, ['srvr']],
    ['ruok,*', false, ['srvr', 'ruok', 'isro', 'wchs']],
    [' * ', false, ['srvr', 'ruok', 'isro', 'wchs']],
    ['mntr', true, ['srvr', 'isro']],
  ];
  for (const [whitelist, readOnly, enabled] of whitelists) {
    const settings = { '4lw.commands.whitelist': whitelist, 'readonlymode.enabled': String(readOnly) };
    const ensemble = new MemoryEnsemble({ voters: 0, settings }).start();
    for (const word of ['srvr', 'ruok', 'isro', 'wchs']) {
      const refusal = `${word} is not executed because it is not in the whitelist.\n`;
      assert.is(ask(ensemble, 1, word) !== refusal, enabled.includes(word), `${word} of "${whitelist}"`);
    }
  }
});
