// `portolan serve`: flags over files, the line `ready`, and a clean end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort } from '../live/free-port.ts';
import { portolan, serve } from '../live/portolan.ts';

const DEMO = join(import.meta.dirname, '..', '..', 'zones', 'demo.state.json');

describe('serve', () => {
  it('says ready once it answers, and ends with 0 at SIGTERM', async () => {
    const server = await serve('--state', DEMO, '--workers', '1');
    const answer = await portolan(
      'lookup',
      `@127.0.0.1:${server.port}`,
      '_httpi._tcp.marathon.mesos',
      'SRV',
      '--short',
    );
    expect(answer.stdout.trim().split('\n')).toHaveLength(5);
    expect(await server.stop()).toBe(0);
    expect(server.log.filter(({ msg }) => msg === 'ready')).toHaveLength(1);
  });

  it('refuses a wrong flag with its name, and does not start', async () => {
    const { status, stderr } = await portolan('serve', '--listen', 'localhost:53', '--workers', '0');
    expect(status).toBe(1);
    expect(stderr).toContain('--listen: listen[0]: expected an address and port such as "127.0.0.1:53"');
    expect(stderr).toContain('--workers: workers: expected "auto" or a whole number from 1 to 256, got 0');
  });

  it('ends with 1 and says why when an address is taken', async () => {
    const port = await freePort();
    const holder = createServer().listen(port, '127.0.0.1');
    const { status, stderr } = await portolan('serve', '--listen', `127.0.0.1:${port}`, '--workers', '1');
    holder.close();
    expect(status).toBe(1);
    expect(stderr).toContain('"msg":"cannot serve"');
    expect(stderr).toContain(`127.0.0.1:${port}`);
    expect(stderr).not.toContain('"msg":"ready"');
  });

  it('does not serve without an address (Mesos-DNS DnsOn false)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'serve-'));
    const config = join(folder, 'config.json');
    writeFileSync(config, '{ "DnsOn": false }');
    const { status, stderr } = await portolan('serve', '--mesos-dns-config', config);
    rmSync(folder, { recursive: true });
    expect(status).toBe(1);
    expect(stderr).toContain('listen: expected at least one address to answer at, got []');
  });

  it('refuses an unknown flag', async () => {
    const { status, stderr } = await portolan('serve', '--lissten', '127.0.0.1:53');
    expect(status).toBe(1);
    expect(stderr).toContain("unknown option '--lissten'");
  });
});
