// Names of apps are kept for their next change: those of a cluster, and not those of all jobs that it ever ran.
import { afterEach, expect, it, vi } from 'vitest';
import type { Task } from '../src/model/task.ts';
import type { Publisher } from '../src/publish.ts';
import { RecordBuilder } from '../src/records/index.ts';
import { publisherOf } from './publisher.ts';
import { netinfo, task } from './records/sample.ts';

const JOBS = 2_500;

const forget = vi.spyOn(RecordBuilder.prototype, 'forget');
afterEach(() => forget.mockClear());

function job(number: number): Task {
  // With a dot it is found under two names.
  const discovery = { name: `job.${number}`, ports: [] };
  return task({ id: `job.${number}`, name: 'job', discovery, addresses: netinfo('9.0.1.2') });
}

/** Publishes one task that comes and one that goes. */
function turn(serving: Publisher, comes: Task, goes: Task | undefined): void {
  serving.apply({
    source: 'source',
    upserted: { tasks: [[comes, undefined]], agents: [], frameworks: [] },
    removed: { tasks: goes ? [goes] : [], agents: [], frameworks: [] },
  });
}

it('names of jobs that are gone are let go of', () => {
  const serving = publisherOf();
  for (let i = 0; i < JOBS; i++) turn(serving, job(i), i === 0 ? undefined : job(i - 1));
  expect(forget).toHaveBeenCalledTimes(4);
});

it('names of tasks that are there are kept', () => {
  const serving = publisherOf();
  for (let i = 0; i < JOBS; i++) turn(serving, job(i), undefined);
  expect(forget).not.toHaveBeenCalled();
});
