import { assert, suite } from '#test';
import { memberEventsOf } from './member-events.ts';

const test = suite('workloads: what members say in their logs');

const member = (name: string, content: string, isWhole = true) =>
  ({ name, log: { isWhole, content: () => content } }) as Parameters<typeof memberEventsOf>[0][number];

test('starts, epochs and configurations are read from the logs of both servers, and a line that is cut is not', () => {
  const ours = [
    '{"level":30,"zxid":"0x0","txnsReplayed":0,"msg":"the database is loaded"}',
    '{"level":30,"version":"0x100000000","role":"observer","voters":"1,2,3","event":"configured","msg":"..."}',
    '{"level":30,"epoch":2,"syncedAfterMs":372,"event":"leading","msg":"this server leads"}',
    '{"level":30,"epoch":3,"event":"leading","ms',
  ].join('\n');
  const apache =
    'INFO Leader - Have quorum of supporters, sids: [[1, 3]]; starting up and setting last processed zxid: 0x400000000\n';
  const configured = {
    ...{ member: 'v1', kind: 'configured', version: 2 ** 32 },
    members: 'the voters 1,2,3 and the observers none',
  };
  const led = { member: 'v1', kind: 'led', epoch: 2 };
  assert.equal(memberEventsOf([member('v1', ours), member('a', apache)]), [
    { member: 'v1', kind: 'started' },
    configured,
    led,
    { member: 'a', kind: 'led', epoch: 4 },
  ]);
  assert.equal(memberEventsOf([member('v1', ours, false)]), [led]);
});
