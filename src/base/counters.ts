// HOT PATH: no allocation, no await, no throw
// Counters that threads count in shared memory: each thread has a slice of its own, in it a page for each transport, and adds
// without a lock; a scrape adds the pages up. Doubles, because they count to 2^53 and are read and written whole on every
// platform Node runs on.

/** What a thread counts, as indexes into a page. */
export const Count = {
  QUERIES: 0,
  SILENCE: 1,
  TRUNCATED: 2,
  OVERSIZED: 3,
  CACHE_HITS: 4,
  CACHE_MISSES: 5,
  FAULTS: 6,
  DROPPED_REPLIES: 7,
  TCP_CONNECTIONS: 8,
  TCP_REFUSED: 9,
  TCP_TIMEOUTS: 10,
  /** Microseconds that the queries of the histogram took, in all. */
  LATENCY_SUM: 11,
  /** First of sixteen: answers by response code; the last stands for 15 and above. */
  RCODE: 16,
  /** First of `LATENCY_BUCKETS`: queries by how long they took, in one turn out of many. */
  LATENCY: 32,
} as const;

/** Counters of one thread and one transport. */
export const PAGE = 64;

/** The pages of a thread, in the order of the numbers of transports. */
const TRANSPORTS = ['udp', 'tcp'] as const;

/** Counters of one thread. */
const SLICE = PAGE * TRANSPORTS.length;

/** Microseconds that the first bucket reaches to; each next one to twice as many, the last to any. */
const FIRST_BUCKET = 16;
const LATENCY_BUCKETS = 13;

/** Counts `queries` that took so many microseconds each. */
export function countLatency(page: Float64Array, microseconds: number, queries: number): void {
  const bucket = 32 - Math.clz32((Math.ceil(microseconds) - 1) / FIRST_BUCKET);
  page[Count.LATENCY + (bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1)]! += queries;
  page[Count.LATENCY_SUM]! += microseconds * queries;
}

/** Names of single counters, for people and for metrics. */
const NAMES: Readonly<Partial<Record<keyof typeof Count, string>>> = {
  SILENCE: 'portolan_queries_ignored_total',
  TRUNCATED: 'portolan_answers_truncated_total',
  OVERSIZED: 'portolan_answers_oversized_total',
  CACHE_HITS: 'portolan_cache_hits_total',
  CACHE_MISSES: 'portolan_cache_misses_total',
  FAULTS: 'portolan_answers_failed_total',
  DROPPED_REPLIES: 'portolan_replies_dropped_total',
  TCP_CONNECTIONS: 'portolan_tcp_connections_total',
  TCP_REFUSED: 'portolan_tcp_connections_refused_total',
  TCP_TIMEOUTS: 'portolan_tcp_timeouts_total',
};

/** All counters by name, summed over the threads. */
export function namedCounters(memory: SharedArrayBuffer): Record<string, number> {
  const sum = new Float64Array(PAGE);
  const named: Record<string, number> = {};
  for (const [transport, name] of TRANSPORTS.entries()) {
    const page = new Float64Array(PAGE);
    for (let thread = 0; thread < threadsIn(memory); thread++) addPage(page, pageOf(memory, thread, transport));
    named[`portolan_queries_total{transport="${name}"}`] = page[Count.QUERIES]!;
    putLatency(named, page, `transport="${name}"`);
    addPage(sum, page);
  }
  for (const [key, name] of Object.entries(NAMES)) named[name] = sum[Count[key as keyof typeof Count]]!;
  putRcodes(named, sum);
  return named;
}

/** Of each thread, by transport, the counters that are not 0. */
export function threadCounters(memory: SharedArrayBuffer): Record<string, Record<string, number>>[] {
  return Array.from({ length: threadsIn(memory) }, (_, thread) => {
    const counted: Record<string, Record<string, number>> = {};
    for (const [transport, name] of TRANSPORTS.entries()) {
      const page = pageOf(memory, thread, transport);
      if (page.every((count) => count === 0)) continue;
      const named: Record<string, number> = { portolan_queries_total: page[Count.QUERIES]! };
      for (const [key, label] of Object.entries(NAMES)) {
        const count = page[Count[key as keyof typeof Count]]!;
        if (count > 0) named[label] = count;
      }
      putRcodes(named, page);
      putLatency(named, page, '');
      counted[name] = named;
    }
    return counted;
  });
}

/** Answers by response code: NOERROR always, the others that there were. */
function putRcodes(named: Record<string, number>, page: Float64Array): void {
  for (let rcode = 0; rcode < 16; rcode++) {
    const count = page[Count.RCODE + rcode]!;
    if (rcode === 0 || count > 0) named[`portolan_answers_total{rcode="${rcode === 15 ? 'other' : rcode}"}`] = count;
  }
}

/** The histogram as Prometheus writes it: each bucket with those below; nothing while nothing is counted. */
function putLatency(named: Record<string, number>, page: Float64Array, label: string): void {
  const labels = (more: string) => [label, more].filter((text) => text !== '').join();
  let count = 0;
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    const own = page[Count.LATENCY + bucket]!;
    count += own;
    const bound = bucket === LATENCY_BUCKETS - 1 ? '+Inf' : (FIRST_BUCKET * 2 ** bucket) / 1e6;
    if (own > 0 || bound === '+Inf') named[`portolan_answer_seconds_bucket{${labels(`le="${bound}"`)}}`] = count;
  }
  named[`portolan_answer_seconds_sum{${label}}`.replace('{}', '')] = page[Count.LATENCY_SUM]! / 1e6;
  named[`portolan_answer_seconds_count{${label}}`.replace('{}', '')] = count;
}

function addPage(sum: Float64Array, page: Float64Array): void {
  for (let i = 0; i < PAGE; i++) sum[i]! += page[i]!;
}

/** Memory for the counters of `threads` threads. */
export function createCounters(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * SLICE * 8);
}

function threadsIn(memory: SharedArrayBuffer): number {
  return memory.byteLength / (SLICE * 8);
}

/** A thread's slice: a page for each transport. */
export function counterSlice(memory: SharedArrayBuffer, thread: number): Float64Array {
  return new Float64Array(memory, thread * SLICE * 8, SLICE);
}

/** The page of a slice that belongs to a transport. */
export function counterPage(slice: Float64Array, transport: number): Float64Array {
  return slice.subarray(transport * PAGE, (transport + 1) * PAGE);
}

function pageOf(memory: SharedArrayBuffer, thread: number, transport: number): Float64Array {
  return counterPage(counterSlice(memory, thread), transport);
}

/** One counter over all threads, and over both transports or one. */
export function sumCounter(memory: SharedArrayBuffer, index: number, transport?: number): number {
  let sum = 0;
  for (let thread = 0; thread < threadsIn(memory); thread++)
    for (const page of transport === undefined ? TRANSPORTS.keys() : [transport])
      sum += pageOf(memory, thread, page)[index]!;
  return sum;
}
