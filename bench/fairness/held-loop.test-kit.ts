/**
 * A planted fault: `NODE_OPTIONS=--import` loads this file into a server, whose event loop then stands still
 * for 40 ms again and again. @see own-wait.ensemble.test.ts
 */
const HELD_MS = 40;
const EVERY_MS = 200;

setInterval(() => {
  const untilMs = performance.now() + HELD_MS;
  while (performance.now() < untilMs);
}, EVERY_MS);
