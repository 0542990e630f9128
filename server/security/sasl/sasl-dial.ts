import type { Clock, Connection, Timer } from '../../runtime/runtime.ts';
import type { AuthLearnerSide } from './auth-sides.ts';

/** A dial that failed because of SASL: one side does not accept the other. */
class SaslRefusal extends Error {
  override readonly name = 'SaslRefusal';
}

/**
 * Authenticates at the peer of a connection that was just dialled. Calls `done` once, with null when the
 * connection can be used, unless it is cancelled first.
 */
export function authenticate(
  connection: Connection,
  side: AuthLearnerSide,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  done: (refusal: SaslRefusal | null) => void,
): Timer {
  let isOver = false;
  const finish = (reason: string | null): void => {
    if (isOver) return;
    isOver = true;
    deadline.cancel();
    if (reason !== null) connection.destroy(reason);
    done(reason === null ? null : new SaslRefusal(reason));
  };
  const deadline = clock.after(timeoutMs, () => finish('it does not answer the handshake of SASL'));
  connection.start({
    onData: chunk => {
      if (isOver) return;
      const step = side.take(chunk);
      if (step.type === 'send') connection.write(step.bytes);
      else if (step.type === 'done') {
        connection.stop(step.rest);
        finish(null);
      } else if (step.type === 'refuse') finish(step.reason);
    },
    onClose: () =>
      finish('it closed the connection during the handshake of SASL; is quorum.auth.enableSasl=true there?'),
  });
  connection.write(side.begin());
  return {
    cancel() {
      if (isOver) return;
      isOver = true;
      deadline.cancel();
      connection.destroy('not needed any more');
    },
  };
}
