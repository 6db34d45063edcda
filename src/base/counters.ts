// HOT PATH: no allocation, no await, no throw
// Counters that threads count in shared memory: each thread has a slice of its own and adds without a lock; a scrape adds
// the slices up. Doubles, because they count to 2^53 and are read and written whole on every platform Node runs on.

/** What a thread counts, as indexes into its slice. */
export const Count = {
  UDP_QUERIES: 0,
  TCP_QUERIES: 1,
  SILENCE: 2,
  TRUNCATED: 3,
  CACHE_HITS: 4,
  CACHE_MISSES: 5,
  DROPPED_REPLIES: 6,
  TCP_CONNECTIONS: 7,
  TCP_REFUSED: 8,
  TCP_TIMEOUTS: 9,
  OVERSIZED: 10,
  FAULTS: 11,
  /** First of sixteen: answers by response code; the last stands for 15 and above. */
  RCODE: 16,
} as const;

/** Counters in a slice. */
export const SLICE = 32;

/** Names of the counters, in the order of `Count`, for people and for metrics. */
const NAMES: Readonly<Record<keyof typeof Count, string>> = {
  UDP_QUERIES: 'portolan_queries_total{transport="udp"}',
  TCP_QUERIES: 'portolan_queries_total{transport="tcp"}',
  SILENCE: 'portolan_queries_ignored_total',
  TRUNCATED: 'portolan_answers_truncated_total',
  CACHE_HITS: 'portolan_cache_hits_total',
  CACHE_MISSES: 'portolan_cache_misses_total',
  DROPPED_REPLIES: 'portolan_replies_dropped_total',
  TCP_CONNECTIONS: 'portolan_tcp_connections_total',
  TCP_REFUSED: 'portolan_tcp_connections_refused_total',
  TCP_TIMEOUTS: 'portolan_tcp_timeouts_total',
  OVERSIZED: 'portolan_answers_oversized_total',
  FAULTS: 'portolan_answers_failed_total',
  RCODE: 'portolan_answers_total{rcode="0"}',
};

/** All counters by name, summed over the threads. */
export function namedCounters(memory: SharedArrayBuffer): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [key, name] of Object.entries(NAMES)) named[name] = sumCounter(memory, Count[key as keyof typeof Count]);
  for (let rcode = 1; rcode < 16; rcode++) {
    const sum = sumCounter(memory, Count.RCODE + rcode);
    if (sum > 0) named[`portolan_answers_total{rcode="${rcode === 15 ? 'other' : rcode}"}`] = sum;
  }
  return named;
}

/** Memory for the counters of `threads` threads. */
export function createCounters(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * SLICE * 8);
}

/** A thread's slice. */
export function counterSlice(memory: SharedArrayBuffer, thread: number): Float64Array {
  return new Float64Array(memory, thread * SLICE * 8, SLICE);
}

/** One counter over all threads. */
export function sumCounter(memory: SharedArrayBuffer, index: number): number {
  const all = new Float64Array(memory);
  let sum = 0;
  for (let i = index; i < all.length; i += SLICE) sum += all[i];
  return sum;
}
