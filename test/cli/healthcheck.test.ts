// `portolan healthcheck` against the real server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../live/free-port.ts';
import { portolan, serve } from '../live/portolan.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-health-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('healthcheck', () => {
  it('is content with a server whose sources have been read', async () => {
    const state = join(folder, 'state.json');
    writeFileSync(state, JSON.stringify({ frameworks: [], slaves: [] }));
    const server = await serve('--state', state);
    const { status, stdout, stderr } = await portolan('healthcheck', '--listen', `127.0.0.1:${server.port}`);
    await server.stop();
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('is not content while a source has not been read, and says so', async () => {
    const server = await serve('--state', join(folder, 'missing.json'));
    const { status, stderr } = await portolan('healthcheck', '--listen', `127.0.0.1:${server.port}`);
    await server.stop();
    expect(status).toBe(1);
    expect(stderr).toContain(`Not ready: 127.0.0.1 port ${server.port} answers mesos SOA with SERVFAIL`);
  });

  it('is not content when one of several addresses does not answer', async () => {
    const server = await serve();
    const silent = await freePort();
    const both = ['--listen', `127.0.0.1:${server.port}`, '--listen', `127.0.0.1:${silent}`];
    const { status, stderr } = await portolan('healthcheck', ...both);
    await server.stop();
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^Not ready: 127\\.0\\.0\\.1 port ${silent} does not answer: .+\\n$`));
  });
});
