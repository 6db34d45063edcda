// SIGUSR2 writes the counters to the log.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { serve } from '../live/portolan.ts';
import { query, TYPE, UdpClient } from '../live/wire.ts';

const STATES = join(import.meta.dirname, '..', 'fixtures', 'mesos-dns');

it('counts queries by rcode, and names what a state has that cannot be used', async () => {
  const state = join(STATES, 'odd-bad-task-ip.json');
  const server = await serve('--state', state, '--workers', '1');
  const client = new UdpClient(server.port);
  await client.ask(query('leader.mesos', TYPE.A));
  await client.ask(query('nothing.mesos', TYPE.A));
  client.close();
  process.kill(server.pid, 'SIGUSR2');
  let line: Readonly<Record<string, unknown>> | undefined;
  while (!line) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    line = server.log.find(({ msg }) => msg === 'counters');
  }
  const counters = line.counters as Record<string, number>;
  await server.stop();
  expect(counters['portolan_queries_total{transport="udp"}']).toBe(2);
  expect(counters['portolan_answers_total{rcode="0"}']).toBe(1);
  expect(counters['portolan_answers_total{rcode="3"}']).toBe(1);
  expect(counters[`portolan_source_problems_total{source="file ${state}"}`]).toBeGreaterThan(0);
  // The first turn of a thread is timed.
  expect(counters['portolan_answer_seconds_count{transport="udp"}']).toBeGreaterThan(0);
  expect(counters['portolan_answer_seconds_sum{transport="udp"}']).toBeGreaterThan(0);
  const [first] = line.threads as Record<string, Record<string, number>>[];
  expect(first!.udp).toMatchObject({ portolan_queries_total: 2, 'portolan_answers_total{rcode="3"}': 1 });
});
