import type { QuorumSasl } from '../../config/quorum-sasl.ts';
import { ServerError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import type { Disk } from '../../runtime/runtime.ts';
import type { Account } from './digest-md5.ts';
import { type JaasSections, type LoginModule, readJaasFile } from './jaas-file.ts';

/** The account of this member, and the accounts that it knows. */
export interface MemberAccounts {
  /** The account of this member, with which it dials. */
  readonly own: Account;
  /** Passwords of members that dial, by user name. */
  readonly known: ReadonlyMap<string, string>;
}

const DIGEST_MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule';
const USER_PREFIX = 'user_';

/**
 * Reads the two sections of the JAAS file. As with upstream, both must be present. @throws ServerError
 * ZK_JAAS
 */
export function readAccounts(disk: Disk, sasl: QuorumSasl): MemberAccounts {
  const { path, learnerContext, serverContext } = sasl;
  const sections = readJaasFile(disk, path);
  const learner = digestModules(sections, path, 'quorum.auth.learner.saslLoginContext', learnerContext);
  const server = digestModules(sections, path, 'quorum.auth.server.saslLoginContext', serverContext);
  const [options] = learner.map(each => each.options).filter(each => each.has('username'));
  const [username, password] = [options?.get('username'), options?.get('password')];
  if (!username || !password)
    throw jaasError(path, `has no username and password in section ${printable(learnerContext)}`);
  const known = new Map<string, string>();
  for (const { options: users } of server)
    for (const [option, value] of users)
      if (option.startsWith(USER_PREFIX)) known.set(option.slice(USER_PREFIX.length), value);
  if (known.size === 0)
    throw jaasError(
      path,
      `has no option ${USER_PREFIX}NAME="password" in section ${printable(serverContext)}`,
    );
  return { own: { username, password }, known };
}

function digestModules(
  sections: JaasSections,
  path: string,
  key: string,
  context: string,
): readonly LoginModule[] {
  const modules = sections.get(context);
  if (modules === undefined || modules.length === 0)
    throw jaasError(path, `has no section ${printable(context)}, which ${key} names`);
  const other = modules.find(({ name }) => name !== DIGEST_MODULE);
  if (other !== undefined)
    throw jaasError(
      path,
      `asks for ${printable(other.name)} in section ${printable(context)}; this server knows only ${DIGEST_MODULE}, and no Kerberos`,
    );
  return modules;
}

function jaasError(path: string, problem: string): ServerError {
  return new ServerError('ZK_JAAS', `the JAAS file ${printable(path)} ${problem}`, { path });
}
