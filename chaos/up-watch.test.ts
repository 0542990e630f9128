import { assert, suite } from '#test';
import type { MemberDeath } from '../bench/topology/ensemble.ts';
import { type ModeChange, type Watched, watchUp } from './up-watch.ts';

const test = suite('zklab up: the watch');

test('what happened between the description and the first look is told: a death, and a change of mode', async () => {
  const death: MemberDeath = {
    ...{ member: 'o1', role: 'observer', at: 1, exit: 'signal SIGKILL' },
    logEnd: 'its last words',
  };
  const ensemble = {
    modes: async () =>
      new Map([
        ['v1', 'leader'],
        ['o1', 'down'],
      ]),
    deaths: [death],
  } as unknown as Watched['ensemble'];
  const described = new Map([
    ['v1', 'leader'],
    ['o1', 'observer'],
  ]);
  const ending = new AbortController();
  const told: string[] = [];
  const changed: ModeChange[] = [];
  const watcher = {
    noted: (text: string) => void told.push(text),
    changed(change: ModeChange) {
      changed.push(change);
      ending.abort();
    },
  };
  assert.is(await watchUp({ ensemble }, described, watcher, ending.signal), undefined);
  assert.equal(told, ['o1 ended with signal SIGKILL; its log ends:\n    its last words']);
  assert.equal(changed, [{ member: 'o1', from: 'observer', to: 'down' }]);
});
