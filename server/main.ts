#!/usr/bin/env node
/**
 * The file that is started. What is set here must be in force before the program is read: reading it alone
 * makes the heap grow enough for V8 to plan its memory reducer, whose delay counts from that plan.
 */
import { holdOffMemoryReducer } from './runtime/heap/memory-reducer.ts';

holdOffMemoryReducer();
await import('./program.ts');
