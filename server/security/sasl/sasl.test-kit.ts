/** JAAS files of members, and both sides of the handshake without a network. */
import { AuthLearnerSide, AuthServerSide, type AuthStep } from './auth-sides.ts';
import { quoted } from './digest-directives.ts';
import { DigestClient, DigestServer } from './digest-md5.ts';
import { noPreamble, type Preamble } from './preamble.ts';

export const USER = 'member';
export const PASSWORD = 'opensesame';
export const NONCE = 'nonce-of-the-server';
export const CNONCE = 'nonce-of-the-client';

export interface JaasPlan {
  readonly user?: string;
  readonly password?: string;
  /** Users that the server section knows, with their passwords. */
  readonly known?: Readonly<Record<string, string>>;
}

/** The JAAS file of a member, as upstream's documentation writes it. */
export function jaasText({
  user = USER,
  password = PASSWORD,
  known = { [USER]: PASSWORD },
}: JaasPlan = {}): string {
  const users = Object.entries(known).map(([name, value]) => `       user_${name}=${quoted(value)}`);
  return `QuorumServer {
       org.apache.zookeeper.server.auth.DigestLoginModule required
${users.join('\n')};
};
QuorumLearner {
       org.apache.zookeeper.server.auth.DigestLoginModule required
       username="${user}"
       password="${password}";
};
`;
}

export interface SidesPlan {
  readonly user?: string;
  readonly password?: string;
  readonly isRequired?: boolean;
  readonly preamble?: Preamble;
}

export function newSides({
  user = USER,
  password = PASSWORD,
  isRequired = true,
  preamble = noPreamble,
}: SidesPlan = {}) {
  const passwordOf = (name: string) => (name === USER ? PASSWORD : undefined);
  return {
    server: new AuthServerSide(new DigestServer(passwordOf, NONCE), isRequired, preamble),
    learner: new AuthLearnerSide(new DigestClient({ username: user, password }, CNONCE)),
  };
}

/** The bytes of a step that sends. */
export function bytesOf(step: AuthStep): Buffer {
  if (step.type !== 'send') throw new Error(`${step.type}, and not "send": ${JSON.stringify(step)}`);
  return step.bytes;
}
