import { assert, suite } from '#test';
import { configurationFromText } from '../membership/configuration.ts';
import { parseQuorumConfig, type QuorumMember } from '../membership/quorum-text.ts';
import { formatAddress } from '../runtime/addresses/host-address.ts';
import type { Address } from '../runtime/runtime.ts';
import { ClientPortMoves } from './client-port-moves.ts';

const test = suite('clients: where a reconfiguration puts the port');

const text = (own: string | null) =>
  `${own === null ? '' : `server.1=a:1:2:participant${own}\n`}server.2=b:1:2:participant;2182\nversion=0`;

/** What is done at each of these lines of server 1, one after the other. Null: it has none. */
function steps(first: string, lines: readonly (string | null)[], clientPort?: Address): string[] {
  const config = parseQuorumConfig(text(first));
  const quorum: QuorumMember = { sid: 1, role: 'participant', config };
  const done: string[] = [];
  const port = {
    move: (address: Address) => void done.push(formatAddress(address)),
    shut: () => void done.push('shut'),
  };
  const moves = new ClientPortMoves(port, {
    quorum,
    clientAddress: clientPort ?? config.servers.get(1)?.client,
  });
  return lines.map(line => {
    moves.follow(configurationFromText(text(line)));
    return done.splice(0).join();
  });
}

test('the port follows the line of this server, and stays where the line says nothing new', () => {
  assert.equal(steps(';2181', [';2181', ';0.0.0.0:2181', ';2191', ';2191', ';127.0.0.1:2191', ';2181']), [
    '',
    '',
    '0.0.0.0:2191',
    '',
    '127.0.0.1:2191',
    '0.0.0.0:2181',
  ]);
});

test('a server that leaves the configuration keeps its port', () => {
  assert.equal(steps(';2181', [null, ';2181', null, ';2191']), ['', '', '', '0.0.0.0:2191']);
});

test('a line without a client part closes the port, unless zoo.cfg has it', () => {
  assert.equal(steps(';2181', ['', '', ';2181']), ['shut', '', '0.0.0.0:2181']);
  const inFile = { host: '0.0.0.0', port: 2181 };
  assert.equal(steps('', ['', ';2181', ';2191', ''], inFile), ['', '', '0.0.0.0:2191', '']);
});
