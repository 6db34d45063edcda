// A vitest reporter that ends the run with the plain line `N passed, N failed`, for scripts and for people in a hurry.
import type { Reporter, TestModule } from 'vitest/node';

export default class PlainReporter implements Reporter {
  /** A file that cannot be loaded counts as one failure, as does an error outside of any test. */
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else failed++;
      }
    }
    // The default reporter, which comes first in the list, has written its summary by now.
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  }
}
