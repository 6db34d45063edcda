// How the tests run. Passed to vitest by name, because the top folder holds no configuration of single tools.
import { defineConfig } from 'vitest/config';

const ENGINE = 'test/engine/**/*.test.ts';

// A test that starts other name servers waits for them; none asserts a time but those of real engines, which run alone.
const PATIENCE = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    reporters: ['default', './scripts/plain-reporter.ts'],
    projects: [
      { test: { name: 'portolan', include: ['test/**/*.test.ts'], exclude: [ENGINE], ...PATIENCE } },
      {
        // Container engines want the machine to themselves: after all else, one file after the other.
        test: { name: 'engine', include: [ENGINE], ...PATIENCE, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
