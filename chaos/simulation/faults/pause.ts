import { onMember, simulatedFault, targetSchema } from './simulated-fault.ts';

/** Like SIGSTOP: the kernel goes on, the process does not. */
export const pause = simulatedFault('pause', { target: targetSchema })({
  description: 'a member stands still, as under SIGSTOP',
  weight: 2,
  draw: ({ target }) => ({ target }),
  begin: onMember((stage, sid) => {
    stage.world.pause(sid);
    return () => stage.world.resume(sid);
  }),
});
