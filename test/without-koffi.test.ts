// That the tests of the project `fallback` run without koffi, and what the log says then. In no other project.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openKernel } from '../src/listen/kernel.ts';
import { serve } from './live/portolan.ts';

const DEMO = join(import.meta.dirname, '..', 'zones', 'demo.state.json');
const WHY = /^koffi cannot be loaded: Cannot find package/;

it('koffi is not to be had, in the tests and in the program, and the program serves all the same', async () => {
  expect(await openKernel()).toMatch(WHY);
  const server = await serve('--state', DEMO, '--workers', '1');
  expect(await server.stop()).toBe(0);
  expect(server.log.filter(({ msg }) => msg === 'datagrams')).toMatchObject([
    { udp: 'one by one', why: expect.stringMatching(WHY) },
  ]);
});
