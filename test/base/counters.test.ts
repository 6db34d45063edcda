// Counters in shared memory: what threads counted, read without a lock.
import { expect, it } from 'vitest';
import { Transport } from '../../src/answer/responder.ts';
import {
  Count,
  counterPage,
  counterSlice,
  countLatency,
  createCounters,
  namedCounters,
  sumCounter,
  threadCounters,
} from '../../src/base/counters.ts';

it('each thread and transport counts for itself; the names tell the sums and the parts', () => {
  const memory = createCounters(3);
  const page = (thread: number, transport: number) => counterPage(counterSlice(memory, thread), transport);
  page(0, Transport.UDP)[Count.QUERIES]! += 5;
  page(0, Transport.UDP)[Count.RCODE + 3]! += 2;
  page(2, Transport.UDP)[Count.QUERIES]! += 1;
  page(2, Transport.TCP)[Count.QUERIES]! += 7;
  page(2, Transport.TCP)[Count.RCODE]! += 7;
  page(2, Transport.TCP)[Count.TRUNCATED]! += 1;
  expect(sumCounter(memory, Count.QUERIES)).toBe(13);
  expect(sumCounter(memory, Count.QUERIES, Transport.UDP)).toBe(6);
  expect(namedCounters(memory)).toMatchObject({
    'portolan_queries_total{transport="udp"}': 6,
    'portolan_queries_total{transport="tcp"}': 7,
    'portolan_answers_total{rcode="0"}': 7,
    'portolan_answers_total{rcode="3"}': 2,
    portolan_answers_truncated_total: 1,
    portolan_cache_hits_total: 0,
  });
  const [first, second, third] = threadCounters(memory);
  expect(first).toMatchObject({ udp: { portolan_queries_total: 5, 'portolan_answers_total{rcode="3"}': 2 } });
  expect(first).not.toHaveProperty('tcp');
  expect(second).toEqual({});
  expect(third).toMatchObject({ udp: { portolan_queries_total: 1 }, tcp: { portolan_answers_truncated_total: 1 } });
});

it.each([
  [0, '0.000016'],
  [16, '0.000016'],
  [16.1, '0.000032'],
  [32, '0.000032'],
  [33, '0.000064'],
  [1_000, '0.001024'],
  [32_768, '0.032768'],
  [32_769, '+Inf'],
  [1e9, '+Inf'],
])('%d microseconds are in the bucket up to %s seconds', (microseconds, bound) => {
  const memory = createCounters(1);
  countLatency(counterPage(counterSlice(memory, 0), Transport.UDP), microseconds, 3);
  const named = namedCounters(memory);
  const buckets = Object.keys(named).filter((name) =>
    name.startsWith('portolan_answer_seconds_bucket{transport="udp"'),
  );
  expect(buckets[0]).toBe(`portolan_answer_seconds_bucket{transport="udp",le="${bound}"}`);
  expect(named[buckets[0]!]).toBe(3);
  expect(named['portolan_answer_seconds_count{transport="udp"}']).toBe(3);
  expect(named['portolan_answer_seconds_sum{transport="udp"}']).toBeCloseTo((3 * microseconds) / 1e6);
});

it('the buckets of the histogram hold those below them, as Prometheus has it', () => {
  const memory = createCounters(1);
  const page = counterPage(counterSlice(memory, 0), Transport.TCP);
  countLatency(page, 10, 1);
  countLatency(page, 100, 2);
  expect(threadCounters(memory)[0]!.tcp).toMatchObject({
    'portolan_answer_seconds_bucket{le="0.000016"}': 1,
    'portolan_answer_seconds_bucket{le="0.000128"}': 3,
    'portolan_answer_seconds_bucket{le="+Inf"}': 3,
    portolan_answer_seconds_count: 3,
  });
});
