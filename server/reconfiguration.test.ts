/** Reconfigurations of whole ensembles in virtual time, each zoo.cfg a file on its machine's disk. */
import { assert, suite } from '#test';
import { commandPieces } from './admin/commands.ts';
import { answerFourLetterWord } from './admin/four-letter-words.ts';
import { digestId } from './auth/digest-id.ts';
import { body, MemoryClient, requestFrame } from './memory-client.test-kit.ts';
import { type EnsemblePlan, lineOf, MemoryEnsemble } from './memory-ensemble.test-kit.ts';
import { Perms } from './wire/acl.ts';
import { errorName } from './wire/error-codes.ts';
import { JuteReader } from './wire/jute.ts';
import { OpCode, Xid } from './wire/opcodes.ts';
import { type ReconfigRequest, writeReconfigRequest, writeSetAclRequest } from './wire/requests.ts';

const test = suite('reconfiguration of an ensemble');

const CONFIG = '/zookeeper/config';

const line = (sid: number, client = '0.0.0.0:2181') => `server.${sid}=${lineOf(sid)};${client}`;

function ensembleOf(plan: Omit<EnsemblePlan, 'filesOnDisk'>): MemoryEnsemble {
  const settings = { reconfigEnabled: 'true', skipACL: 'yes', ...plan.settings };
  return new MemoryEnsemble({ ...plan, settings, filesOnDisk: true }).start();
}

function ask(client: MemoryClient, asked: Partial<ReconfigRequest>): { err: string; text: string } {
  const request = { joining: null, leaving: null, newMembers: null, curConfigId: -1, ...asked };
  const { err, body: bytes } = client.reply(
    client.send(OpCode.reconfig, w => writeReconfigRequest(w, request)),
  );
  return { err: errorName(err), text: err === 0 ? String(new JuteReader(bytes).readBuffer()) : '' };
}

function configAt(ensemble: MemoryEnsemble, sid: number): string {
  return String(ensemble.server(sid).database.tree.getNode(CONFIG)?.data);
}

const filesOf = (ensemble: MemoryEnsemble, sid: number) => ensemble.machine(sid).disk.list('/conf');

test('the first leader gives the configuration its version, and each member writes its files', () => {
  const ensemble = ensembleOf({ voters: 3, observers: 1 });
  for (const sid of ensemble.sids) {
    ensemble.wait(() => filesOf(ensemble, sid).length === 3, `files of ${sid}`);
    assert.equal(filesOf(ensemble, sid), ['zoo.cfg', 'zoo.cfg.bak', 'zoo.cfg.dynamic.100000000']);
    assert.match(configAt(ensemble, sid), /version=100000000$/);
  }
  ensemble.kill(2, 'power');
  ensemble.boot(2);
  ensemble.wait(() => ensemble.server(2).view.serving !== null, 'it to be back on its files');
});

test('a server joins and is asked for its vote, and the one that left is not needed any more', () => {
  const ensemble = ensembleOf({ voters: 3, joiners: 1 });
  ensemble.boot(4);
  ensemble.wait(() => ensemble.server(4).view.serving !== null, 'the joining server to follow');
  const client = MemoryClient.open(ensemble, 1);
  const { err, text } = ask(client, { joining: line(4), leaving: '3' });
  assert.is(err, 'OK');
  assert.match(text, /^server\.1=.*\nserver\.2=.*\nserver\.4=.*;0\.0\.0\.0:2181\nversion=10000000\w$/);
  const { version } = { version: /version=(\w+)$/.exec(text)![1]! };
  for (const sid of [1, 2, 4]) {
    ensemble.wait(() => configAt(ensemble, sid) === text, `member ${sid} to know`);
    ensemble.wait(() => filesOf(ensemble, sid).includes(`zoo.cfg.dynamic.${version}`), `files of ${sid}`);
    assert.not.ok(filesOf(ensemble, sid).includes('zoo.cfg.dynamic.next'));
  }
  ensemble.kill(3);
  ensemble.kill(ensemble.leader === 1 ? 2 : 1);
});

test('a watch on the configuration fires once at every member, and clients notice nothing else', () => {
  const ensemble = ensembleOf({ voters: 3, joiners: 1 });
  ensemble.boot(4);
  ensemble.wait(() => ensemble.server(4).view.serving !== null, 'the joining server to follow');
  const leader = ensemble.leader;
  const clients = [1, 2, 3].map(sid => MemoryClient.open(ensemble, sid));
  for (const client of clients) client.reply(client.send(OpCode.getData, body.read(CONFIG, true)));
  assert.is(ask(clients[0]!, { joining: line(4) }).err, 'OK');
  ensemble.time.advance(1000);
  for (const client of clients) {
    assert.is(client.replies.filter(({ xid }) => xid === -1).length, 1);
    assert.is(client.raw.closed, null);
  }
  assert.is(ensemble.leader, leader);
});

test('a port moves while its client stays', () => {
  const ensemble = ensembleOf({ voters: 3 });
  const client = MemoryClient.open(ensemble, 2);
  assert.is(ask(client, { joining: line(2, '0.0.0.0:2291') }).err, 'OK');
  client.reply(client.send(OpCode.create, body.create('/a')));
  ensemble.wait(() => ensemble.server(2).view.clientAddress?.port === 2291, 'the port to move');
  const text = String(ensemble.machine(2).disk.read('/conf/zoo.cfg'));
  assert.not.match(text, /clientPort=/);
  assert.is(client.raw.closed, null);
  ensemble.kill(2);
  ensemble.boot(2);
  ensemble.wait(() => ensemble.server(2).view.serving !== null, 'it to be back');
  assert.is(ensemble.server(2).view.clientAddress?.port, 2291);
});

test('refusals reach the client wherever it is connected', () => {
  const ensemble = ensembleOf({ voters: 3, observers: 1, settings: { skipACL: 'no' } });
  for (const sid of ensemble.sids) {
    const client = MemoryClient.open(ensemble, sid);
    assert.is(ask(client, { curConfigId: 5 }).err, 'BADVERSION');
    assert.is(ask(client, { joining: line(9) }).err, 'NOAUTH');
    assert.is(ask(client, { leaving: '1,2' }).err, 'BADARGUMENTS');
    assert.is(ask(client, { leaving: 'x' }).err, 'MARSHALLINGERROR');
    assert.is(client.raw.closed, null);
  }
});

/**
 * Cuts the power of `sid` at its disk operation number `cut` from now on. The returned function says whether
 * that operation was reached.
 */
function cutPower(ensemble: MemoryEnsemble, sid: number, cut: number): () => boolean {
  const { disk } = ensemble.machine(sid);
  let left = cut;
  let isOff = false;
  disk.beforeOperation = () => {
    if (left-- > 0 || isOff) return;
    isOff = true;
    disk.beforeOperation = () => {};
    ensemble.kill(sid, 'power');
    throw new Error('no power');
  };
  return () => isOff;
}

/** Advances time; the exception of a member whose power is cut ends there. */
function advanceThroughCut({ time }: MemoryEnsemble, ms: number): void {
  const untilMs = time.nowMs + ms;
  while (time.nowMs < untilMs) {
    try {
      time.advance(untilMs - time.nowMs);
    } catch (error) {
      if (!/no power/.test(String(error))) throw error;
    }
  }
}

test('after a power loss at any disk operation of a reconfiguration a member comes back and knows its configuration', () => {
  let cuts = 0;
  for (const victim of ['leader', 'follower', 'observer'] as const) {
    for (let cut = 0; ; cut++) {
      const ensemble = ensembleOf({ voters: 3, observers: 1, seed: `cut ${cut}` });
      const { leader } = ensemble;
      const [follower = 0, other = 0] = [1, 2, 3].filter(sid => sid !== leader);
      const sid = { leader, follower, observer: 4 }[victim];
      const asked = { joining: line(4), leaving: String(other) };
      const client = MemoryClient.open(ensemble, other);
      client.reply(client.send(OpCode.create, body.create('/before')));
      ensemble.time.advance(1000);
      const isOff = cutPower(ensemble, sid, cut);
      client.send(OpCode.reconfig, w =>
        writeReconfigRequest(w, { newMembers: null, curConfigId: -1, ...asked }),
      );
      advanceThroughCut(ensemble, 1500);
      if (!isOff()) break;
      cuts++;
      ensemble.boot(sid);
      ensemble.wait(() => ensemble.leader > 0, `a leader after cut ${cut} of the ${victim}`);
      const admin = MemoryClient.open(ensemble, ensemble.leader);
      let err = '';
      const isDone = () => {
        err = ask(admin, asked).err;
        return err !== 'NEWCONFIGNOQUORUM' && err !== 'RECONFIGINPROGRESS';
      };
      ensemble.wait(isDone, 'all to be in sync');
      assert.is(err, 'OK', `cut ${cut} of the ${victim}`);
      for (const each of [leader, follower, 4]) {
        ensemble.wait(
          () => ensemble.runs(each) && configAt(ensemble, each) === configAt(ensemble, ensemble.leader),
          `member ${each} to know`,
        );
        assert.match(configAt(ensemble, each), /server\.4=.*:participant/);
      }
    }
  }
  assert.ok(cuts > 20, `${cuts} cuts`);
});

/** Stops these members at once, and starts them from their files. */
function restart(ensemble: MemoryEnsemble, sids: readonly number[]): void {
  for (const sid of sids) ensemble.kill(sid, 'power');
  ensemble.boot(...sids);
  ensemble.waitServing(...sids);
}

test('one server alone grows to three, which start again from their files, and to one again', () => {
  const plan = { voters: 1, joiners: 2, joinerRole: 'participant' } as const;
  const ensemble = ensembleOf({ ...plan, settings: { standaloneEnabled: 'false' } });
  ensemble.boot(2, 3);
  ensemble.waitServing(2, 3);
  const text = (sid: number) => configAt(ensemble, sid);
  assert.is(ask(MemoryClient.open(ensemble, 1), { joining: `${line(2)},${line(3)}` }).err, 'OK');
  ensemble.wait(() => [2, 3].every(sid => text(sid) === text(1)), 'all to know');
  restart(ensemble, [1, 2, 3]);
  assert.match(text(1), /server\.1=.*server\.2=.*server\.3=/s);
  ensemble.kill(ensemble.leader);
  ensemble.wait(() => ensemble.leader > 0, 'the others to go on');
  restart(
    ensemble,
    [1, 2, 3].filter(sid => ensemble.runs(sid)),
  );
  for (const sid of [1, 2, 3]) if (!ensemble.runs(sid)) ensemble.boot(sid);
  ensemble.waitServing(1, 2, 3);
  const stays = ensemble.leader;
  const leaving = [1, 2, 3].filter(sid => sid !== stays).join();
  assert.is(ask(MemoryClient.open(ensemble, stays), { leaving }).err, 'OK');
  for (const sid of [1, 2, 3]) if (sid !== stays) ensemble.kill(sid);
  restart(ensemble, [stays]);
  assert.match(text(stays), /^server\.\d=.*\nversion=\w+$/);
});

test('a bulk change makes groups and weights of a majority, and a majority of groups', () => {
  const ensemble = ensembleOf({ voters: 3, observers: 1 });
  const all = [1, 2, 3, 4];
  const lines = [line(1), line(2), line(3), `server.4=${lineOf(4, 'observer')};2181`];
  const knows = (sid: number, text: RegExp) => text.test(configAt(ensemble, sid));
  for (const [more, text] of [
    [
      ['group.1=1', 'group.2=2:3', 'weight.2=3'],
      /group\.1=1\ngroup\.2=2:3\nweight\.1=1\nweight\.2=3\nweight\.3=1\n/,
    ],
    [[], /observer;0\.0\.0\.0:2181\nversion=/],
  ] as const) {
    const client = MemoryClient.open(ensemble, 4);
    const { err } = ask(client, { newMembers: [...lines, ...more].join() });
    assert.is(err, 'OK', more.join());
    ensemble.wait(() => all.every(sid => ensemble.runs(sid) && knows(sid, text)), `all to know ${text}`);
    restart(ensemble, all);
    for (const sid of all) assert.ok(knows(sid, text), `server ${sid}`);
  }
});

test('a super user may reconfigure, and whoever it grants WRITE', () => {
  const superDigest = digestId('super:secret');
  const settings = { skipACL: 'no', 'DigestAuthenticationProvider.superDigest': superDigest };
  const ensemble = ensembleOf({ voters: 3, settings });
  const prove = (client: MemoryClient, identity: string) =>
    client.raw.write(
      requestFrame(Xid.auth, OpCode.auth, w =>
        w.writeInt(0).writeString('digest').writeBuffer(Buffer.from(identity)),
      ),
    );
  const [admin, user] = [MemoryClient.open(ensemble, 1), MemoryClient.open(ensemble, 2)];
  prove(user, 'user:x');
  assert.is(ask(user, {}).err, 'NOAUTH');
  prove(admin, 'super:secret');
  assert.is(ask(admin, {}).err, 'OK');
  const granted = { perms: Perms.READ | Perms.WRITE, id: { scheme: 'digest', id: digestId('user:x') } };
  const acl = { path: CONFIG, acl: [granted], version: -1 };
  assert.is(admin.reply(admin.send(OpCode.setACL, w => writeSetAclRequest(w, acl))).err, 0);
  assert.is(ask(user, {}).err, 'OK');
});

test('four-letter words and AdminServer show the committed members, and this server’s own line among them', () => {
  const ensemble = ensembleOf({ voters: 3, joiners: 1 });
  ensemble.boot(4);
  ensemble.waitServing(4);
  const shown = (sid: number) => {
    const { view } = ensemble.server(sid);
    const lines = (word: string) =>
      [...(answerFourLetterWord(word, view, Buffer.alloc(0)) ?? [])].join('').split('\n');
    const command = (name: string) => JSON.parse([...commandPieces(name, view)].join(''));
    const { peerType, quorumPort, clientPort } = Object.fromEntries(
      lines('conf').map(each => each.split('=')),
    );
    const { voting, client_address } = command('zabstate');
    return {
      ...{ peerType, quorumPort, clientPort, voting, client_address },
      voters: Object.keys(command('voting_view').current_config),
      size: lines('mntr')
        .find(each => each.startsWith('zk_quorum_size'))
        ?.split('\t')[1],
      membership: lines('conf').filter(each => each.startsWith('server.')).length,
    };
  };
  const [demoted = 0, stays = 0] = [1, 2, 3].filter(sid => sid !== ensemble.leader);
  const joining = `${line(4)},server.${demoted}=zk${demoted}:2889:3889:observer;127.0.0.1:2281`;
  assert.is(ask(MemoryClient.open(ensemble, stays), { joining }).err, 'OK');
  const isServingAs = (sid: number, role: string) => {
    const { serving, ownServer } = ensemble.server(sid).view;
    return serving !== null && ownServer?.role === role;
  };
  ensemble.wait(() => isServingAs(demoted, 'observer'), 'the demoted server to know');
  const voters = [1, 2, 3, 4].filter(sid => sid !== demoted).map(String);
  const all = { voters, size: '3', membership: 4 };
  const own = {
    peerType: '1',
    quorumPort: '2889',
    clientPort: '2281',
    voting: false,
    client_address: '127.0.0.1:2281',
  };
  assert.equal(shown(demoted), { ...own, ...all });
  ensemble.wait(() => isServingAs(4, 'participant'), 'the joined server to vote');
  const promoted = {
    peerType: '0',
    quorumPort: '2888',
    clientPort: '2181',
    voting: true,
    client_address: '0.0.0.0:2181',
  };
  assert.equal(shown(4), { ...promoted, ...all });
});

test('a standalone server, and one with reconfigEnabled=false, refuse a reconfiguration, and the client stays connected', () => {
  for (const [plan, refusal] of [
    [{ voters: 0 }, 'UNIMPLEMENTED'],
    [{ voters: 0, settings: { reconfigEnabled: 'false' } }, 'RECONFIGDISABLED'],
    [{ voters: 3, settings: { reconfigEnabled: 'false' } }, 'RECONFIGDISABLED'],
  ] as const) {
    const ensemble = ensembleOf(plan);
    const client = MemoryClient.open(ensemble, 1);
    assert.is(ask(client, { joining: 'wrong' }).err, refusal);
    client.reply(client.send(OpCode.create, body.create('/a')));
    assert.is(client.raw.closed, null);
    assert.equal(filesOf(ensemble, 1), ['zoo.cfg'], 'no file is written');
  }
});
