import { assert, suite } from '#test';
import { configIn } from '../membership/config-node.ts';
import { type Configuration, configurationFromText } from '../membership/configuration.ts';
import type { QuorumVerifier } from '../membership/quorum-verifier.ts';
import { CONFIG_PATH } from '../tree/data-tree.ts';
import { OPEN_ACL_UNSAFE } from '../wire/acl.ts';
import { ErrorCode, errorName } from '../wire/error-codes.ts';
import { juteLimits } from '../wire/jute-limits.ts';
import { OpCode } from '../wire/opcodes.ts';
import { codeOf, multi, type Op, PrepRig, reconfig, setAcl, setData } from './prep.test-kit.ts';
import type { PrepOptions } from './prep-request-processor.ts';
import { isPending, type ReconfigPart, reconfigurationOf } from './reconfiguration.ts';

const test = suite('processors: preparation of a reconfig');

const SUPER = [{ scheme: 'super', id: '' }];
const NOBODY = [{ scheme: 'ip', id: '10.0.0.1' }];

const lines = (...sids: number[]) =>
  sids.map(sid => `server.${sid}=h${sid}:1:2:participant;0.0.0.0:3\n`).join('');
const FILE = configurationFromText(`${lines(1, 2, 3)}version=100000000`);
const FOURTH = { joining: lines(4).trim() };

interface Situation {
  readonly reconfigEnabled?: boolean;
  readonly isStandalone?: boolean;
  readonly lastSeen?: Configuration;
  /** Who follows the leader and is in sync. */
  readonly synced?: readonly number[];
}

/** A leader's preparation, who may be asked to reconfigure. */
class Rig {
  readonly prep: PrepRig;
  readonly reasons: string[] = [];
  readonly judged: QuorumVerifier[] = [];
  membership = { committed: FILE, lastSeen: FILE };

  constructor(situation: Situation = {}, options: Partial<PrepOptions> = {}) {
    const {
      reconfigEnabled = true,
      isStandalone = false,
      lastSeen = FILE,
      synced = [1, 2, 3, 4],
    } = situation;
    this.membership = { committed: FILE, lastSeen };
    const part: ReconfigPart = {
      membership: this.membership,
      isQuorumSynced: next => {
        this.judged.push(next);
        return next.containsQuorum(new Set(synced));
      },
    };
    const onRefused = (reason: string) => void this.reasons.push(reason);
    const reconfigOptions = {
      reconfigEnabled,
      standaloneEnabled: true,
      multiAddressEnabled: false,
      part: isStandalone ? null : part,
      onRefused,
    };
    this.prep = new PrepRig({
      reconfigure: (asked, zxid) => reconfigurationOf(asked, zxid, reconfigOptions),
      isReconfiguring: () => isPending(part),
      ...options,
    });
    const node = this.prep.tree.getNode(CONFIG_PATH)!;
    this.prep.tree.setNodeData(CONFIG_PATH, node, Buffer.from(FILE.verifier.text), -1, 1, 1);
  }

  code(op: Op, ids = SUPER): string {
    const code = codeOf(this.prep.prepare(op, undefined, ids));
    return Array.isArray(code) ? code.map(errorName).join() : errorName(code);
  }
}

test('the transaction holds the whole text, with its zxid as the version, and the node tells it from a write', () => {
  const rig = new Rig();
  const body = rig.prep.prepare(reconfig(FOURTH), undefined, SUPER);
  assert.is(body.type, OpCode.reconfig);
  const { path, data, version } = body as Extract<typeof body, { type: typeof OpCode.reconfig }>;
  assert.equal([path, String(data), version], [CONFIG_PATH, `${lines(1, 2, 3, 4)}version=1`, -1]);
  const applied = rig.prep.apply()!;
  assert.is(applied.result.err, ErrorCode.OK);
  assert.is(applied.predicted, rig.prep.tree.digest.toBigInt(), 'the node is in no digest');
  assert.is(configIn(rig.prep.tree), `${lines(1, 2, 3, 4)}version=1`);
  assert.is(applied.result.node?.mzxid, 1);
});

test('requests behind a reconfiguration in the pipeline see its uncommitted text', () => {
  const rig = new Rig();
  assert.is(rig.code(reconfig(FOURTH)), 'OK');
  assert.is(rig.code(setData(CONFIG_PATH, 'mine', -1)), 'OK');
  assert.is(rig.code(setData(CONFIG_PATH, 'mine', 0)), 'OK', 'its version was -1 before the first of these');
  rig.prep.applyAll();
  assert.is(configIn(rig.prep.tree), null, 'a client wrote there');
  assert.is(rig.code(reconfig(FOURTH)), 'OK');
  rig.prep.applyAll();
  assert.match(configIn(rig.prep.tree)!, /^server\.1=/);
});

test('no client writes over a proposed configuration, alone or in a multi', () => {
  const pending = configurationFromText(`${lines(1, 2)}version=100000009`);
  const rig = new Rig({ lastSeen: pending });
  const write = setData(CONFIG_PATH, 'mine', -1);
  assert.is(rig.code(write), 'RECONFIGINPROGRESS');
  assert.is(rig.code(write, NOBODY), 'NOAUTH');
  assert.match(rig.code(multi([write])), /RECONFIGINPROGRESS/);
  rig.membership.committed = pending;
  assert.is(rig.code(write), 'OK');
});

test('in the order of upstream: disabled, standalone, the request itself, nobody in sync, permission', () => {
  const bad = reconfig({ leaving: '1,2' });
  const alone = { isStandalone: true, synced: [] };
  assert.is(new Rig({ ...alone, reconfigEnabled: false }).code(bad, NOBODY), 'RECONFIGDISABLED');
  assert.is(new Rig(alone).code(bad, NOBODY), 'UNIMPLEMENTED');
  const pending = configurationFromText(`${lines(1, 2)}version=100000009`);
  assert.is(new Rig({ lastSeen: pending, synced: [] }).code(bad, NOBODY), 'RECONFIGINPROGRESS');
  assert.is(new Rig({ synced: [] }).code(bad, NOBODY), 'BADARGUMENTS');
  assert.is(new Rig({ synced: [1, 2] }).code(reconfig(FOURTH), NOBODY), 'NEWCONFIGNOQUORUM');
  assert.is(new Rig().code(reconfig(FOURTH), NOBODY), 'NOAUTH');
  assert.is(new Rig().code(reconfig(FOURTH)), 'OK');
});

test('the quorum that must be in sync is that of the new configuration', () => {
  const rig = new Rig({ synced: [3, 4, 5] });
  const moved = { joining: lines(4, 5).trim().replace('\n', ','), leaving: '1,2' };
  assert.is(rig.code(reconfig(moved)), 'OK');
  assert.equal([...rig.judged[0]!.voters], [3, 4, 5]);
});

test('WRITE on the node is enough, and skipACL needs none', () => {
  const rig = new Rig();
  assert.is(rig.code(setAcl(CONFIG_PATH, OPEN_ACL_UNSAFE, -1), NOBODY), 'NOAUTH');
  assert.is(rig.code(setAcl(CONFIG_PATH, OPEN_ACL_UNSAFE, -1)), 'OK');
  assert.is(rig.code(reconfig(FOURTH), NOBODY), 'OK', 'the grant is pending, and counts');
  assert.is(new Rig({}, { skipAcl: true }).code(reconfig(FOURTH), NOBODY), 'OK');
});

test('a text for which no transaction is long enough changes nothing', () => {
  const rig = new Rig({}, { jute: juteLimits(100, 1024) });
  const many = reconfig({ joining: Array.from({ length: 60 }, (_, i) => lines(4 + i).trim()).join() });
  assert.is(rig.code(many), 'NEWCONFIGNOQUORUM');
  const long = new Rig({ synced: Array.from({ length: 99 }, (_, i) => i) }, { jute: juteLimits(100, 1024) });
  assert.is(long.code(many), 'MARSHALLINGERROR');
  long.prep.applyAll();
  assert.is(configIn(long.prep.tree), FILE.verifier.text);
});

test('a multi cannot reconfigure', () => {
  assert.throws(() => new Rig().code(multi([reconfig(FOURTH)])), /multi cannot contain operation 16/);
});

test('the log says why a reconfiguration is refused', () => {
  const rig = new Rig();
  rig.code(reconfig({ curConfigId: 7 }));
  rig.code(reconfig({ joining: 'server.5' }));
  assert.equal(rig.reasons, [
    'it is for version 7, and the current version is 100000000',
    '"server.5" is not server.N=host:quorumPort:electionPort[:role];clientPort',
  ]);
});
