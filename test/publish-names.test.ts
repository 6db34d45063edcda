// Names of apps are kept for their next change: those of a cluster, and not those of all jobs that it ever ran.
import { afterEach, expect, it, vi } from 'vitest';
import { createLog } from '../src/base/log.ts';
import { Metrics } from '../src/base/metrics.ts';
import type { Task } from '../src/model/task.ts';
import { Publisher } from '../src/publish.ts';
import { RecordBuilder } from '../src/records/index.ts';
import { DEFAULT_RECORD_SETTINGS } from '../src/records/settings.ts';
import { VipAddresses } from '../src/records/vip-addresses.ts';
import { Image } from '../src/zone/image.ts';
import { ZoneStore } from '../src/zone/store.ts';
import { netinfo, task } from './records/sample.ts';

const JOBS = 2_500;

const forget = vi.spyOn(RecordBuilder.prototype, 'forget');
afterEach(() => forget.mockClear());

function publisher(): Publisher {
  return new Publisher({
    settings: DEFAULT_RECORD_SETTINGS,
    vips: new VipAddresses(DEFAULT_RECORD_SETTINGS.dcos.vip),
    store: new ZoneStore(new Image(), () => 0),
    log: createLog('silent'),
    metrics: new Metrics(),
  });
}

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
  const serving = publisher();
  for (let i = 0; i < JOBS; i++) turn(serving, job(i), i === 0 ? undefined : job(i - 1));
  expect(forget).toHaveBeenCalledTimes(4);
});

it('names of tasks that are there are kept', () => {
  const serving = publisher();
  for (let i = 0; i < JOBS; i++) turn(serving, job(i), undefined);
  expect(forget).not.toHaveBeenCalled();
});
