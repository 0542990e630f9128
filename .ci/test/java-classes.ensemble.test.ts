import { readdirSync } from 'node:fs';
import process from 'node:process';
import { execa } from 'execa';
import { assert, quickJava, requirePeer, suite, temporaryFolder } from '#test';
import { APACHE_RELEASE } from '../../bench/hosts/apache/cache.ts';
import { APACHE_MAIN_CLASS, findApacheZooKeeper } from '../../bench/hosts/apache-zookeeper.ts';
import { CLASS_PATH } from '../../server/interop/member.test-kit.ts';
import { javaClasses } from './java-classes.ts';
import { javaClassesVariable } from './quick-java.ts';

const test = suite('archive of Java classes');

test(
  'a JVM takes the classes of a server from the archive of its release, with the class path of the lab and that of the interop tests',
  async () => {
    const apache = findApacheZooKeeper();
    const newer = findApacheZooKeeper(APACHE_RELEASE);
    requirePeer('java with Apache ZooKeeper', apache && newer, 'its classes are what is kept');
    delete process.env[javaClassesVariable()];
    const folder = temporaryFolder();
    const archive = await javaClasses(folder);
    assert.ok(archive !== undefined, 'no archive was written');
    assert.is(await javaClasses(folder), archive, 'it is written once');
    assert.is(readdirSync(folder).length, 1);
    process.env[javaClassesVariable()] = archive;
    process.env[javaClassesVariable(APACHE_RELEASE)] ||= await javaClasses(temporaryFolder(), APACHE_RELEASE);
    for (const [classPath, release] of [
      [apache!.classPath],
      [CLASS_PATH],
      [newer!.classPath, APACHE_RELEASE],
    ] as const) {
      const args = [...quickJava(64, release), '-Xlog:class+load', '-cp', classPath, APACHE_MAIN_CLASS];
      // Without a configuration it ends at once.
      const { stdout } = await execa(apache!.java, args, { reject: false });
      assert.match(stdout, new RegExp(`${APACHE_MAIN_CLASS} source: shared objects file`), classPath);
    }
  },
  { deadlineMs: 120_000 },
);
