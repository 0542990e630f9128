import { assert, suite } from '#test';
import { parseByteCounts } from './byte-counts.ts';

const test = suite('mesh: byte counts');

test('counts are read by proxy and direction in any order of labels, and summed over listeners', () => {
  const counts = parseByteCounts(`# TYPE toxiproxy_proxy_received_bytes_total counter
toxiproxy_proxy_received_bytes_total{direction="upstream",listener="127.0.0.1:1",proxy="a",upstream="b:1"} 5
toxiproxy_proxy_received_bytes_total{proxy="a",direction="upstream",listener="127.0.0.1:2",upstream="b:1"} 1.5e+06
toxiproxy_proxy_sent_bytes_total{direction="downstream",listener="127.0.0.1:1",proxy="a",upstream="b:1"} 7
toxiproxy_proxy_sent_bytes_total{direction="downstream",listener="127.0.0.1:3",proxy="c",upstream="proxy="} 8
go_goroutines 9
`);
  assert.equal(
    [...counts],
    [
      ['a', { upstream: { received: 1_500_005, sent: 0 }, downstream: { received: 0, sent: 7 } }],
      ['c', { upstream: { received: 0, sent: 0 }, downstream: { received: 0, sent: 8 } }],
    ],
  );
});
