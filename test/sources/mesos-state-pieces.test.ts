// A /state document that comes in pieces says what it says as a whole; one that cannot be read so is left to the other way.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MesosStateReader, readMesosStateText } from '../../src/sources/mesos-state.ts';
import { generateState } from './generate-state.ts';
import { inPieces } from './pieces.ts';

const sizes = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 4 });

const FRAMEWORK = { id: 'F1', name: 'marathon', hostname: 'h.example.org', active: true };
const AGENT = { id: 'S1', hostname: 'one.example.org', pid: 'slave(1)@192.0.2.1:5051' };
const LEADER = 'master@192.0.2.9:5050';

function task(id: string, fields: Readonly<Record<string, unknown>> = {}): unknown {
  return { id, name: 'web', state: 'TASK_RUNNING', slave_id: 'S1', statuses: [], ...fields };
}

function read(document: unknown, reader = new MesosStateReader()) {
  return reader.readPieces(inPieces(Buffer.from(JSON.stringify(document)), [7, 400]));
}

describe('a /state document that comes in pieces', () => {
  test('gives what it gives as a whole, cut anywhere (property)', async () => {
    const text = generateState({ tasks: 30, seed: 3 });
    await fc.assert(
      fc.asyncProperty(sizes, async (sizes) => {
        expect(await new MesosStateReader().readPieces(inPieces(text, sizes))).toEqual(readMesosStateText(text));
      }),
      { numRuns: 30 },
    );
  });

  test('gives the same objects when it is read again, in pieces or as a whole', async () => {
    const text = generateState({ tasks: 300, seed: 4 });
    const reader = new MesosStateReader();
    const first = reader.read(text);
    const second = (await reader.readPieces(inPieces(text, [1_000])))!;
    const third = reader.read(Buffer.from(text));
    expect(first.cluster.tasks).toHaveLength(300);
    for (const [i, task] of first.cluster.tasks.entries()) {
      expect(second.cluster.tasks[i]).toBe(task);
      expect(third.cluster.tasks[i]).toBe(task);
    }
  });

  test('is read as if for the first time, whatever changed in between (property)', async () => {
    const state = generateState({ tasks: 20, seed: 5 }).toString();
    const edit = fc.record({ at: fc.nat(state.length - 1), length: fc.nat(40), put: fc.constantFrom('', '7', 'x') });
    let read = 0;
    await fc.assert(
      fc.asyncProperty(edit, sizes, async ({ at, length, put }, sizes) => {
        const edited = Buffer.from(state.slice(0, at) + put + state.slice(at + length));
        const reader = new MesosStateReader();
        reader.read(Buffer.from(state));
        const reading = await reader.readPieces(inPieces(edited, sizes));
        if (!reading) return;
        read++;
        expect(reading).toEqual(readMesosStateText(edited));
      }),
      { numRuns: 200 },
    );
    expect(read).toBeGreaterThan(10);
  });

  test('names the places of what is wrong', async () => {
    const document = {
      leader: LEADER,
      slaves: [{}, AGENT],
      frameworks: [{ ...FRAMEWORK, tasks: [task('a'), {}, task('c', { slave_id: 'S9' })] }],
    };
    const { problems, cluster } = (await read(document))!;
    expect(problems).toEqual(readMesosStateText(Buffer.from(JSON.stringify(document))).problems);
    expect(problems.map(({ where }) => where)).toEqual(['slaves[0]', 'frameworks[0].tasks[1]', 'slaves']);
    expect(cluster.tasks.map(({ id }) => id)).toEqual(['a']);
  });

  test('may have frameworks without tasks, and long lists that are not used', async () => {
    const unused = Array.from({ length: 2_000 }, (_, i) => task(`gone-${i}`));
    const document = {
      flags: { long: { and: ['deep', { as: 'it' }] } },
      leader: LEADER,
      slaves: [AGENT],
      frameworks: [FRAMEWORK, { ...FRAMEWORK, id: 'F2', completed_tasks: unused, tasks: [task('a')], executors: [{}] }],
      completed_frameworks: [{ ...FRAMEWORK, id: 'F3', completed_tasks: unused }],
    };
    expect(await read(document)).toEqual(readMesosStateText(Buffer.from(JSON.stringify(document))));
  });

  test.each([
    ['agents behind frameworks', { frameworks: [FRAMEWORK], slaves: [AGENT] }],
    ['no frameworks', { slaves: [AGENT] }],
    [
      'what a framework is behind its tasks',
      { slaves: [], frameworks: [{ ...FRAMEWORK, tasks: [], pid: 'x@192.0.2.5:1' }] },
    ],
    ['a framework without an id', { slaves: [], frameworks: [{ ...FRAMEWORK, id: undefined, tasks: [] }] }],
    ['a framework that is none', { slaves: [], frameworks: [1] }],
    ['tasks that are no list', { slaves: [], frameworks: [{ ...FRAMEWORK, tasks: null }] }],
    ['agents that are no list', { slaves: {}, frameworks: [] }],
  ])('is left to be read as a whole with %s', async (_, document) => {
    expect(await read(document)).toBeUndefined();
  });

  test.each([
    ['is cut short', '{"slaves": [], "frameworks": ['],
    ['has its agents twice', '{"slaves": [], "slaves": [], "frameworks": []}'],
    ['is no JSON', '{"slaves": [], "frameworks": [}'],
    ['goes on behind its end', '{"slaves": [], "frameworks": []} 1'],
  ])('is left to be read as a whole when it %s', async (_, text) => {
    expect(await new MesosStateReader().readPieces(inPieces(Buffer.from(text), [1]))).toBeUndefined();
  });
});
