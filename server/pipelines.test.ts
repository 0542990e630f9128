/**
 * One client on each member sends every kind of request in one stream without waiting; the answers come in
 * the order of the requests.
 */
import { assert, suite } from '#test';
import { body, MemoryClient } from './memory-client.test-kit.ts';
import { MemoryEnsemble } from './memory-ensemble.test-kit.ts';
import { ErrorCode, errorName } from './wire/error-codes.ts';
import { JuteReader } from './wire/jute.ts';
import { OpCode } from './wire/opcodes.ts';

const test = suite('server: pipelines of one client');

const ROUNDS = 50;
const SYNC_DELAY_MS = 3;

for (const role of [
  'standalone',
  'leader',
  'follower',
  'observer',
  'observer of an observer master',
] as const) {
  test(`004-3: writes, syncs and reads at a ${role} are answered in the order they were sent`, () => {
    const masters = role === 'observer of an observer master' ? { observerMasterPort: 2191 } : undefined;
    const plan = role === 'standalone' ? { voters: 0 } : { voters: 3, observers: 1, settings: masters };
    const ensemble = new MemoryEnsemble(plan).start();
    // Slow disks gather many writes into one commit, with the syncs in between.
    for (const sid of ensemble.sids) ensemble.machine(sid).disk.syncDelayMs = SYNC_DELAY_MS;
    const followers = ensemble.sids.filter(sid => sid <= 3 && sid !== ensemble.leader);
    const at = { standalone: 1, leader: ensemble.leader, follower: followers[0] ?? 1 };
    const client = MemoryClient.open(ensemble, role in at ? at[role as keyof typeof at] : 4);
    const sent: number[] = [];
    const expected: string[] = [];
    const send = (wanted: string, xid: number): void => {
      sent.push(xid);
      expected.push(wanted);
    };
    for (let i = 0; i < ROUNDS; i++) {
      send(`OK /n${i}`, client.send(OpCode.create, body.create(`/n${i}`)));
      if (i % 3 === 0) send('OK /', client.send(OpCode.sync, body.path('/')));
      send('OK', client.send(OpCode.setData, body.setData(`/n${i}`, String(i))));
      send(`OK ${i}`, client.send(OpCode.getData, body.read(`/n${i}`)));
      if (i % 5 === 0) send('OK /', client.send(OpCode.sync, body.path('/')));
      send('NODEEXISTS', client.send(OpCode.create, body.create(`/n${i}`)));
    }
    ensemble.wait(() => client.raw.closed !== null || client.replies.length >= sent.length, 'all answers');
    assert.is(client.raw.closed, null);
    assert.equal(
      client.replies.map(reply => reply.xid),
      sent,
    );
    const told = client.replies.map(({ err, body: bytes }) => {
      const text = bytes.length === 0 || bytes.length === 68 ? '' : ` ${new JuteReader(bytes).readString()}`;
      return errorName(err) + text;
    });
    assert.equal(told, expected);
    assert.is(client.replies.at(-1)?.err, ErrorCode.NODEEXISTS);
  });
}
