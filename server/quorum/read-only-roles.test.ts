/** Members that become observers, or cease to be, while they run: which of the read-only modes they have. */
import { assert, suite } from '#test';
import { MemoryClient } from '../memory-client.test-kit.ts';
import {
  CLIENT_PORT,
  lineOf,
  type MemoryEnsemble,
  OBSERVER_MASTER_PORT,
} from '../memory-ensemble.test-kit.ts';
import {
  modeOf,
  OBSERVER,
  openReader,
  readOnlyEnsemble,
  statesOf,
  untilObserves,
  untilReadOnly,
  VOTERS,
} from './read-only-observer.test-kit.ts';
import { reconfigure, SETTINGS } from './reconfiguration-story.test-kit.ts';

const test = suite('quorum: read-only observers that change their role');

const READ_ONLY_STATE = 5;
const CONNECTED_STATE = 3;

const line = (sid: number, role: 'participant' | 'observer') =>
  `server.${sid}=${lineOf(sid, role)};${CLIENT_PORT}`;

/** Gives the member another role, and waits until it has it. */
function turn(ensemble: MemoryEnsemble, sid: number, role: 'participant' | 'observer'): void {
  const admin = MemoryClient.open(ensemble, ensemble.leader);
  assert.is(reconfigure(admin, { joining: line(sid, role) }).err, 0);
  const mode = role === 'observer' ? 'observer' : 'follower';
  ensemble.wait(() => modeOf(ensemble, sid) === mode, `member ${sid} to be ${mode}`);
}

test('a voter that a reconfiguration demotes serves read-only clients through the next outage', () => {
  const ensemble = readOnlyEnsemble(SETTINGS);
  const demoted = VOTERS.find(sid => sid !== ensemble.leader)!;
  turn(ensemble, demoted, 'observer');
  const reader = openReader(ensemble, demoted);
  const others = VOTERS.filter(sid => sid !== demoted);
  for (const sid of others) ensemble.kill(sid);
  untilReadOnly(ensemble, demoted);
  ensemble.boot(...others);
  ensemble.wait(() => statesOf(reader).length === 2, 'the reader to be told of both changes');
  assert.equal(statesOf(reader), [READ_ONLY_STATE, CONNECTED_STATE]);
  assert.is(reader.create('/a').err, 0);
});

test('an observer that a reconfiguration promotes closes its readers when it loses the quorum', () => {
  const ensemble = readOnlyEnsemble(SETTINGS);
  turn(ensemble, OBSERVER, 'participant');
  const reader = openReader(ensemble);
  for (const sid of VOTERS) ensemble.kill(sid);
  ensemble.wait(() => reader.raw.closed !== null, 'its readers to be closed');
});

test('an observer that a reconfiguration promotes has the read-only mode of voters', () => {
  const ensemble = readOnlyEnsemble({ ...SETTINGS, 'readonlymode.enabled': 'true' });
  turn(ensemble, OBSERVER, 'participant');
  for (const sid of VOTERS) ensemble.kill(sid);
  untilReadOnly(ensemble);
  const reader = openReader(ensemble);
  ensemble.boot(...VOTERS);
  ensemble.wait(() => reader.raw.closed !== null, 'its readers to be closed at the end of the outage');
});

test('003-21: a demoted voter finds another observer master, and no client of it notices', () => {
  const ensemble = readOnlyEnsemble({ ...SETTINGS, observerMasterPort: OBSERVER_MASTER_PORT }, { voters: 4 });
  const demoted = [...VOTERS, 4].find(sid => sid !== ensemble.leader)!;
  turn(ensemble, demoted, 'observer');
  const plain = MemoryClient.open(ensemble, demoted);
  const reader = openReader(ensemble, demoted);
  const masterOf = () => ensemble.server(demoted).view.peer?.learner?.masterSid ?? null;
  const master = masterOf()!;
  assert.is.not(master, ensemble.leader);
  ensemble.kill(master);
  ensemble.wait(() => masterOf() !== null && masterOf() !== master, 'another master');
  untilObserves(ensemble, demoted);
  for (const [at, client] of [plain, reader].entries()) {
    assert.equal(statesOf(client), []);
    assert.is(client.create(`/${at}`).err, 0);
  }
});
