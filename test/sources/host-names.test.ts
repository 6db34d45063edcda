// Host names are looked up in the background: what is known is told at once, changes are called back.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { HostNames } from '../../src/sources/host-names.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Names whose answers a test sets; `asked` counts. */
function setUp() {
  vi.useFakeTimers();
  const answers = new Map<string, readonly string[]>();
  const asked: string[] = [];
  const failures: string[] = [];
  let changes = 0;
  const names = new HostNames({
    lookUp: async (host) => {
      asked.push(host);
      const answer = answers.get(host);
      if (!answer) throw new Error('not found');
      return answer;
    },
    refreshMs: 1_000,
    onFailure: (host, why) => failures.push(`${host}: ${why}`),
  });
  names.onChange(() => changes++);
  return { names, answers, asked, failures, changes: () => changes };
}

describe('HostNames', () => {
  test('a new name has no addresses at first; the listeners hear when it has', async () => {
    const { names, answers, asked, changes } = setUp();
    answers.set('a.example.org', ['192.0.2.2', '192.0.2.1']);
    expect(names.resolve('a.example.org')).toEqual([]);
    await vi.advanceTimersByTimeAsync(0);
    expect(changes()).toBe(1);
    expect(names.resolve('a.example.org')).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(asked).toEqual(['a.example.org']);
    names.stop();
  });

  test('names are looked up again, and the same addresses in another order are no change', async () => {
    const { names, answers, changes } = setUp();
    answers.set('a.example.org', ['192.0.2.1', '192.0.2.2']);
    names.resolve('a.example.org');
    await vi.advanceTimersByTimeAsync(0);
    answers.set('a.example.org', ['192.0.2.2', '192.0.2.1']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(changes()).toBe(1);
    answers.set('a.example.org', ['192.0.2.3']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(changes()).toBe(2);
    expect(names.resolve('a.example.org')).toEqual(['192.0.2.3']);
    names.stop();
  });

  test('a failed look-up keeps the last addresses and is told once', async () => {
    const { names, answers, failures } = setUp();
    answers.set('a.example.org', ['192.0.2.1']);
    names.resolve('a.example.org');
    await vi.advanceTimersByTimeAsync(0);
    answers.clear();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(names.resolve('a.example.org')).toEqual(['192.0.2.1']);
    expect(failures).toEqual(['a.example.org: not found']);
    names.stop();
  });

  test('names that nobody asks for any more are forgotten', async () => {
    const { names, answers, asked } = setUp();
    answers.set('a.example.org', ['192.0.2.1']);
    names.resolve('a.example.org');
    await vi.advanceTimersByTimeAsync(20_000);
    const count = asked.length;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked).toHaveLength(count);
    names.stop();
  });

  test('localhost is known without asking (RFC 6761 6.3)', () => {
    const { names, asked } = setUp();
    expect(names.resolve('localhost')).toEqual(['127.0.0.1']);
    expect(asked).toEqual([]);
    names.stop();
  });
});
