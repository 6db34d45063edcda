// How the tests run. Passed to vitest by name, because the top folder holds no configuration of single tools.
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const ENGINE = 'test/engine/**/*.test.ts';

const ABSENCE = 'test/without-koffi.test.ts';

/** What has to hold without koffi as well, where datagrams go one by one. */
const FALLBACK = [
  'test/{contract,listen}/*.test.ts',
  'test/live/{limits,fuzz}.test.ts',
  'test/cli/{serve,counters}.test.ts',
];

/** Takes koffi away, from the tests' threads and from the programs that they start. */
const WITHOUT_KOFFI = ['--import', join(import.meta.dirname, '..', 'test', 'without-koffi.ts')];

// A test that starts other name servers waits for them; none asserts a time but those of real engines, which run alone.
const PATIENCE = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    reporters: ['default', './scripts/plain-reporter.ts'],
    projects: [
      { test: { name: 'portolan', include: ['test/**/*.test.ts'], exclude: [ENGINE, ABSENCE], ...PATIENCE } },
      {
        test: {
          name: 'fallback',
          include: [ABSENCE, ...FALLBACK],
          ...PATIENCE,
          execArgv: WITHOUT_KOFFI,
          env: { NODE_OPTIONS: WITHOUT_KOFFI.map((word) => JSON.stringify(word)).join(' ') },
        },
      },
      {
        // Container engines want the machine to themselves: after all else, one file after the other.
        test: { name: 'engine', include: [ENGINE], ...PATIENCE, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
