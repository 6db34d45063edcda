// A large delta takes its room at once; what comes of it is what comes of its tasks one by one.
import { expect, it } from 'vitest';
import type { Task } from '../src/model/task.ts';
import { Image } from '../src/zone/image.ts';
import { ZoneStore } from '../src/zone/store.ts';
import { publisherOf } from './publisher.ts';
import { netinfo, task } from './records/sample.ts';

const TASKS = 6_000;

function zonesOf(deltas: readonly (readonly Task[])[]): string[] {
  const store = new ZoneStore(new Image(), () => 0);
  const serving = publisherOf({
    store,
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
