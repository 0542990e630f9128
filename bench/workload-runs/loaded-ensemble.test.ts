import { assert, suite } from '#test';
import { UsageError } from '../usage-error.ts';
import { readLoadTarget } from './loaded-ensemble.ts';

const test = suite('workload runs: what is loaded');

test('client addresses are an ensemble that runs; anything else is a topology', () => {
  assert.equal(readLoadTarget('127.0.0.1:2181,localhost:2182,[::1]:2183'), {
    kind: 'running',
    addresses: [
      { host: '127.0.0.1', port: 2181 },
      { host: 'localhost', port: 2182 },
      { host: '::1', port: 2183 },
    ],
  });
  for (const text of ['voters', 'voters=3 observers=2', 'voters=1,observers=1'])
    assert.is(readLoadTarget(text).kind, 'topology', text);
});

test('invalid addresses, and addresses of other machines, are refused', () => {
  for (const [text, message] of [
    ['127.0.0.1:0', /address "127\.0\.0\.1:0": accepted is host:port with a port from 1 to 65535/],
    ['127.0.0.1:65536', /port from 1 to 65535/],
    ['127.0.0.1:2181,', /address "": accepted is host:port/],
    ['127.0.0.1:2181/app', /topology "127\.0\.0\.1:2181\/app"/],
    ['zk.example.com:2181', /address "zk\.example\.com:2181": only loopback is loaded/],
    ['127.0.0.1:2181,192.0.2.1:2181', /address "192\.0\.2\.1:2181": only loopback/],
    ['fast', /topology "fast": accepted are/],
  ] as const)
    assert.throws(
      () => readLoadTarget(text),
      (error: Error) => error instanceof UsageError && message.test(error.message),
      text,
    );
});
