/** The registry of workloads. */
import { mixed } from './mixed.ts';
import { registers } from './registers.ts';
import type { Workload } from './workload.ts';

export const WORKLOADS: readonly Workload[] = [registers, mixed];
