import { assert, suite } from '#test';
import { ServerEvents } from '../metrics/server-events.ts';

import { EPOCH_MAX, makeZxid } from '../wire/zxid.ts';
import { EpochFiles } from './epoch-file.ts';
import { type TestRig, testRig } from './storage.test-kit.ts';

const test = suite('storage: epoch files');

function open(rig: TestRig, lastZxid: number): EpochFiles {
  rig.disk.makeDirectory('/d');
  const epochs = new EpochFiles(rig.disk, '/d');
  epochs.load(lastZxid, new ServerEvents());
  return epochs;
}

function put(rig: TestRig, name: string, text: string): void {
  rig.disk.makeDirectory('/d');
  rig.disk.open(`/d/${name}`, 'w').writeAt(0, Buffer.from(text));
}

function refused(rig: TestRig, lastZxid: number, message: RegExp): void {
  assert.throws(
    () => open(rig, lastZxid),
    (error: Error & { code?: string }) => error.code === 'ZK_EPOCH_FILE' && message.test(error.message),
  );
}

test('a new server derives both from its last zxid', () => {
  const epochs = open(testRig(), makeZxid(3, 7));
  assert.is(epochs.currentEpoch, 3);
  assert.is(epochs.acceptedEpoch, 3);
});

test('both are ASCII digits without a line end, and survive a crash once set', () => {
  const rig = testRig();
  const epochs = open(rig, 0);
  epochs.setAcceptedEpoch(12);
  epochs.setCurrentEpoch(11);
  rig.disk.crash();
  assert.is(rig.disk.read('/d/acceptedEpoch').toString(), '12');
  assert.is(rig.disk.read('/d/currentEpoch').toString(), '11');
  assert.is(open(rig, 0).acceptedEpoch, 12);
});

test('an epoch past the last one is not written: the server could not start from it', () => {
  const rig = testRig();
  const epochs = open(rig, 0);
  epochs.setAcceptedEpoch(EPOCH_MAX);
  assert.throws(
    () => epochs.setAcceptedEpoch(EPOCH_MAX + 1),
    /acceptedEpoch cannot hold epoch 2097152; accepted is 0 to 2097151/,
  );
  assert.is(open(rig, 0).acceptedEpoch, EPOCH_MAX);
});

test('a crash at every step leaves the old epoch or the new one', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const rig = testRig(seed);
    const epochs = open(rig, 0);
    epochs.setAcceptedEpoch(9);
    let left = 1 + (seed % 5);
    rig.disk.beforeOperation = () => {
      if (--left === 0) throw new Error('power cut');
    };
    try {
      epochs.setCurrentEpoch(9);
    } catch {}
    rig.disk.beforeOperation = () => {};
    rig.disk.crash();
    assert.ok([0, 9].includes(open(rig, 0).currentEpoch));
  }
});

test('a log newer than currentEpoch is refused', () => {
  const rig = testRig();
  put(rig, 'currentEpoch', '3');
  put(rig, 'acceptedEpoch', '5');
  refused(rig, makeZxid(4, 1), /currentEpoch 3 is older than the last transaction 0x400000001/);
});

test('a log newer than currentEpoch after an announced sync keeps the epoch of the log, not the announced one', () => {
  const rig = testRig();
  const before = open(rig, makeZxid(3, 1));
  before.setAcceptedEpoch(6);
  before.announceCurrentEpoch(6);
  rig.disk.crash();
  assert.is(open(rig, makeZxid(5, 2)).currentEpoch, 5);
  assert.is(open(rig, makeZxid(5, 2)).currentEpoch, 5);
});

test('an announced epoch below that of the log explains nothing: the log is refused', () => {
  const rig = testRig();
  open(rig, makeZxid(3, 1)).announceCurrentEpoch(4);
  refused(rig, makeZxid(5, 2), /currentEpoch 3 is older than the last transaction 0x500000002/);
});

test('an announcement is replaced as a whole, because the log may rely on the one before (zklab sim)', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const rig = testRig(seed);
    const before = open(rig, makeZxid(3, 1));
    before.setAcceptedEpoch(7);
    before.announceCurrentEpoch(5);
    let left = 1 + (seed % 5);
    rig.disk.beforeOperation = () => {
      if (--left === 0) throw new Error('power cut');
    };
    try {
      before.announceCurrentEpoch(7);
    } catch {}
    rig.disk.beforeOperation = () => {};
    rig.disk.crash();
    assert.is(open(rig, makeZxid(5, 2)).currentEpoch, 5);
  }
});

test('acceptedEpoch below currentEpoch is refused', () => {
  const rig = testRig();
  put(rig, 'currentEpoch', '5');
  put(rig, 'acceptedEpoch', '4');
  refused(rig, 0, /acceptedEpoch 4 is below currentEpoch 5/);
});

test('a file without a number is refused by name', () => {
  for (const text of ['', 'x', '-1', '1.5', '99999999999999999999']) {
    const rig = testRig();
    put(rig, 'currentEpoch', text);
    refused(rig, 0, /\/d\/currentEpoch holds/);
  }
});
