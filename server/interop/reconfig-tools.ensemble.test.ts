/**
 * Reconfigurations with the tools of operators: zkCli, kazoo, and an ensemble whose static files become
 * dynamic ones.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { assert, suite } from '#test';
import { address, PYTHON, requireKazoo, withProgram, zkCli } from './client-program.test-kit.ts';
import { withEnsemble } from './ensemble.test-kit.ts';
import { requireApache } from './member.test-kit.ts';
import {
  APACHE_ALONE,
  allWrite,
  CONFIG,
  digestsAgree,
  haveRoles,
  isEverywhere,
  OURS_ALONE,
  OURS_LEADS,
  parsed,
  putClientPortsIntoServerLines,
  RECONFIG_SETTINGS,
  reconfigure,
  serverLine,
  serverLines,
  superClient,
} from './reconfig.test-kit.ts';
import { SUPER, SUPER_DIGEST_SETTING } from './zk-client.test-kit.ts';

const test = suite('interop: reconfiguration with the tools of operators');
const DEADLINE = { deadlineMs: 400_000 };
const OBSERVER = 4;

for (const { name, members } of [APACHE_ALONE, OURS_ALONE]) {
  test(
    `${name}: zkCli and kazoo read, watch and change the configuration`,
    async () => {
      requireApache();
      requireKazoo();
      const plans = members.slice(0, OBSERVER).map((is, i) => ({ is, joins: i === 3, observer: i === 3 }));
      await withEnsemble(
        plans,
        async ensemble => {
          putClientPortsIntoServerLines(ensemble);
          await ensemble.start(1, 3);
          await ensemble.start(2, OBSERVER);
          const observer = serverLine(ensemble, OBSERVER, 'observer');
          const voters = serverLines(ensemble, [1, 2, 3]);
          await withProgram(zkCli(address(ensemble, 1)), async cli => {
            await cli.says('config', /server\.3=.*:participant;.*\nversion=100000000/);
            await cli.says(`reconfig -add ${observer}`, /Insufficient permission/);
            await cli.says(`addauth digest ${SUPER}\nconfig -w`, /version=100000000/);
            await cli.says(
              `reconfig -s -add ${observer}`,
              /Committed new configuration:[\s\S]*server\.4=.*:observer;[\s\S]*version=\w+[\s\S]*dataVersion = -1/,
            );
            await cli.hears(/NodeDataChanged path:\/zookeeper\/config/);
            await cli.says('config -c', /^\w+ .*2181,.*2181/m);
            await cli.says(`reconfig -v 100000000 -remove ${OBSERVER}`, /version No is not valid/);
            await cli.says(`reconfig -remove ${OBSERVER}`, /Committed new configuration:[\s\S]*version=/);
            await isEverywhere(ensemble, voters);
            await cli.says(
              `reconfig -members ${[...voters, observer].join()}`,
              /Committed[\s\S]*server\.4[\s\S]*version=/,
            );
            await isEverywhere(ensemble, [...voters, observer]);
            const file = `${ensemble.member(1).folder}/new-members`;
            writeFileSync(file, `${voters.join('\n')}\n`);
            await cli.says(`reconfig -file ${file}`, /Committed[\s\S]*version=/);
            await isEverywhere(ensemble, voters);
            await cli.says('reconfig -remove 1,2', /Arguments are not valid|KeeperErrorCode/);
          });

          const script = [
            'import sys',
            'from kazoo.client import KazooClient',
            'from kazoo.exceptions import BadVersionError, NewConfigNoQuorumError',
            "zk = KazooClient(sys.argv[1], auth_data=[('digest', sys.argv[2])])",
            'zk.start()',
            'seen = []',
            `zk.DataWatch('${CONFIG}')(lambda data, stat: seen.append(data))`,
            'data, stat = zk.reconfig(joining=sys.argv[3], leaving=None, new_members=None)',
            "assert b'server.4' in data, data",
            'try:',
            "    zk.reconfig(joining=None, leaving='4', new_members=None, from_config=5)",
            '    sys.exit(1)',
            'except BadVersionError:',
            '    pass',
            'try:',
            '    zk.reconfig(joining=sys.argv[4], leaving=None, new_members=None)',
            '    sys.exit(2)',
            'except NewConfigNoQuorumError:',
            '    pass',
            "data, stat = zk.reconfig(joining=None, leaving='4', new_members=None)",
            "assert b'server.4' not in data, data",
            "zk.sync('/')",
            'import time',
            'until = time.time() + 30',
            'while len(seen) < 3 and time.time() < until: time.sleep(0.01)',
            'assert len(seen) == 3, seen',
            'zk.stop()',
            'print("ok")',
          ].join('\n');
          const absent = [6, 7, 8, 9].map(
            sid => `server.${sid}=127.0.0.1:${sid}1:${sid}2:participant;${sid}3`,
          );
          const kazoo = [PYTHON, '-c', script, address(ensemble, 2), SUPER, observer, absent.join()];
          await withProgram(kazoo, async program => {
            assert.is(await program.ended, 0, program.output);
          });
          await isEverywhere(ensemble, voters);
        },
        RECONFIG_SETTINGS,
      );
    },
    DEADLINE,
  );
}

for (const { name, members } of [APACHE_ALONE, OURS_ALONE, OURS_LEADS]) {
  test(
    `${name}: static files become dynamic ones, one member after the other`,
    async () => {
      requireApache();
      await withEnsemble(
        members.slice(0, 3).map(is => ({ is })),
        async ensemble => {
          await ensemble.start(1, 3);
          await ensemble.start(2);
          await allWrite(ensemble, 'static');
          const written = new Map<number, string>();
          for (const member of ensemble.members.values()) {
            await member.stop();
            const text = `${readFileSync(member.configPath, 'utf8')}reconfigEnabled=true\n`;
            writeFileSync(member.configPath, text);
            written.set(member.sid, text);
            await ensemble.start(member.sid);
          }
          // The lines that had no client port keep it in zoo.cfg.
          const lines = serverLines(ensemble, [1, 2, 3]).map(line => line.replace(/;.*/, ''));
          for (const { sid, configPath } of ensemble.members.values()) {
            assert.is(readFileSync(`${configPath}.bak`, 'utf8'), written.get(sid), basename(configPath));
          }
          await isEverywhere(ensemble, lines);
          for (const { configPath } of ensemble.members.values()) {
            assert.match(readFileSync(configPath, 'utf8'), /^clientPort=2181$/m);
          }

          const leader = await haveRoles(ensemble, { leaders: [1, 2, 3] });
          const admin = await superClient(ensemble, leader);
          assert.equal(parsed(await admin.get(CONFIG)).lines, lines);
          const full = serverLines(ensemble, [1, 2, 3]);
          assert.is((await reconfigure(admin, { joining: full.join() })).code, 'OK');
          await isEverywhere(ensemble, full);
          for (const { configPath } of ensemble.members.values()) {
            assert.not.match(readFileSync(configPath, 'utf8'), /^clientPort/m);
            assert.not.ok(existsSync(`${configPath}.tmp`));
          }
          for (const { sid } of ensemble.members.values()) {
            await ensemble.member(sid).kill();
            await ensemble.start(sid);
          }
          await isEverywhere(ensemble, full);
          await digestsAgree(ensemble);
        },
        [SUPER_DIGEST_SETTING],
      );
    },
    DEADLINE,
  );
}
