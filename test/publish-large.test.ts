// A large delta takes its room at once; what comes of it is what comes of its tasks one by one.
import { expect, it } from 'vitest';
import { createLog } from '../src/base/log.ts';
import { Metrics } from '../src/base/metrics.ts';
import type { Task } from '../src/model/task.ts';
import { Publisher } from '../src/publish.ts';
import { DEFAULT_RECORD_SETTINGS } from '../src/records/settings.ts';
import { VipAddresses } from '../src/records/vip-addresses.ts';
import { Image } from '../src/zone/image.ts';
import { ZoneStore } from '../src/zone/store.ts';
import { netinfo, task } from './records/sample.ts';

const TASKS = 6_000;

function zonesOf(deltas: readonly (readonly Task[])[]): string[] {
  const store = new ZoneStore(new Image(), () => 0);
  const serving = new Publisher({
    settings: DEFAULT_RECORD_SETTINGS,
    vips: new VipAddresses(DEFAULT_RECORD_SETTINGS.dcos.vip),
    store,
    log: createLog('silent'),
    metrics: new Metrics(),
  });
  serving.hold();
  for (const tasks of deltas)
    serving.apply({
      source: 'source',
      upserted: { tasks: tasks.map((each) => [each, undefined]), agents: [], frameworks: [] },
      removed: { tasks: [], agents: [], frameworks: [] },
    });
  serving.release();
  return store.origins.flatMap((origin) => [...store.records(origin)].map((record) => JSON.stringify(record))).sort();
}

it('gives the records that its tasks give one by one', () => {
  const tasks = Array.from({ length: TASKS }, (_, i) => {
    const discovery = { name: `app${i % 700}`, ports: [{ number: 8_000 + (i % 50), name: 'web', protocol: 'tcp' }] };
    return task({ id: `task.${i}`, name: `app${i % 700}`, discovery, addresses: netinfo(`9.0.${i >> 8}.${i & 255}`) });
  });
  const atOnce = zonesOf([tasks]);
  expect(atOnce.length).toBeGreaterThan(TASKS * 4);
  expect(atOnce).toEqual(zonesOf(tasks.map((each) => [each])));
});
