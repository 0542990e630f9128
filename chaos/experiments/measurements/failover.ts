/** Kills the leader and measures the time until a write commits again. It knows nothing of any one server. */
import { CONDITIONS } from '../../../results/names.ts';
import { kill } from '../../faults/kill.ts';
import { firstWrite } from '../first-write.ts';
import { type MeasurementContext, underFault } from './under-fault.ts';

export async function measureFailover(context: MeasurementContext): Promise<void> {
  const { stage, round, recorder, recoverMaxMs, path, signal } = context;
  const { leader } = await stage.assignRoles();
  const targets = stage.ensemble.members
    .filter(member => member !== leader && member.plan.role === 'participant')
    .map(({ plan }) => plan.ports.client);
  const { value, voidReasons } = await underFault(
    context,
    'kill',
    () => kill({ target: { name: leader.name } }).inject(stage.processFaults),
    async ({ startedAt: lostAt }) => ({
      lostAt,
      wroteAt: await firstWrite(targets, path, recoverMaxMs, signal),
    }),
  );
  const { lostAt, wroteAt } = value;
  const place = { metric: 'syncFirstWriteMs', topology: stage.name, condition: CONDITIONS.leaderKilled };
  if (voidReasons.length > 0) recorder.voided(place, round, voidReasons.join('; '));
  // What did not happen in time took so long at least.
  else recorder.sample(place, round, wroteAt === undefined ? recoverMaxMs : wroteAt - lostAt);
  if (wroteAt === undefined) recorder.warned(place, round, `no write committed within ${recoverMaxMs} ms`);
}
