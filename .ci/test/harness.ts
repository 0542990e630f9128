import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';

export { assert };

export const TEST_DEADLINE_MS = 10_000;

export type TestBody = () => void | Promise<void>;

/** A uvu suite that cannot be forgotten (it runs by itself) and whose every test has a deadline. */
export function suite(
  name: string,
): (title: string, body: TestBody, options?: { deadlineMs?: number }) => void {
  const inner = uvuSuite(name);
  setImmediate(() => inner.run());
  return (title, body, options = {}) => {
    inner(title, () => withDeadline(title, body, options.deadlineMs ?? TEST_DEADLINE_MS));
  };
}

async function withDeadline(title: string, body: TestBody, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`"${title}" did not end within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    await Promise.race([body(), late]);
  } finally {
    clearTimeout(timer);
  }
}
