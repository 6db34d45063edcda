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
  let counters: Record<string, number> | undefined;
  while (!counters) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    counters = server.log.find(({ msg }) => msg === 'counters')?.counters as Record<string, number> | undefined;
  }
  await server.stop();
  expect(counters['portolan_queries_total{transport="udp"}']).toBe(2);
  expect(counters['portolan_answers_total{rcode="0"}']).toBe(1);
  expect(counters['portolan_answers_total{rcode="3"}']).toBe(1);
  expect(counters[`portolan_source_problems_total{source="file ${state}"}`]).toBeGreaterThan(0);
});
