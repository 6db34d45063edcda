// How the tests run. Passed to vitest by name, because the top folder holds no configuration of single tools.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './scripts/plain-reporter.ts'],
    // A test that starts other name servers waits for them; no test asserts a time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
