// The event stream: recorded events in chunks of any cut (docker-swarm.md 6).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../src/sources/docker-events.ts';
import { readEvents } from '../../src/sources/docker-events.ts';

const RECORDED = readFileSync(join(import.meta.dirname, '..', 'fixtures', 'docker', 'events-filtered.ndjson'));

async function* chunks(parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}

async function read(...parts: readonly Buffer[]): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  for await (const event of readEvents(chunks(parts))) events.push(event);
  return events;
}

describe('events of an engine', () => {
  it('have their type, action and id, whatever stands behind a colon', async () => {
    const events = await read(RECORDED);
    expect(events.length).toBeGreaterThan(5);
    expect(events[3]).toMatchObject({ type: 'container', action: 'health_status', attributes: { name: 'h1' } });
    expect(events[1]).toMatchObject({ type: 'network', action: 'connect', attributes: { name: 'bridge' } });
    expect(events.every(({ id }) => /^[0-9a-f]{64}$/.test(id))).toBe(true);
  });

  it('are the same however the stream is cut, and without line ends between them', async () => {
    const whole = await read(RECORDED);
    const joined = Buffer.from(RECORDED.toString().replaceAll('\n', ''));
    expect(await read(joined)).toEqual(whole);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(RECORDED.length)), fc.boolean(), async (cuts, isJoined) => {
        const octets = isJoined ? joined : RECORDED;
        const edges = [0, ...cuts.filter((cut) => cut < octets.length).sort((a, b) => a - b), octets.length];
        const parts = edges.slice(1).map((edge, i) => octets.subarray(edges[i], edge));
        expect(await read(...parts)).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('a last one that is cut off is dropped', async () => {
    const whole = await read(RECORDED);
    const cut = RECORDED.lastIndexOf('}}');
    expect(await read(RECORDED.subarray(0, cut))).toEqual(whole.slice(0, -1));
  });

  it('keep braces and quotes inside their texts, and read the form before API 1.22', async () => {
    const odd = { status: 'start', id: 'a"}{\\', from: 'image' };
    expect(await read(Buffer.from(JSON.stringify(odd)))).toEqual([
      { type: 'container', action: 'start', id: 'a"}{\\', attributes: {} },
    ]);
  });

  it('an endless one ends the stream', async () => {
    const endless = Buffer.from(`{"a":"${'x'.repeat(1024 * 1024)}`);
    await expect(read(endless)).rejects.toThrow('more than 1048576 octets');
  });
});
