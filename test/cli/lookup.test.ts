// `portolan lookup` against a server of dns2's own, so that it is tested without our server.

import dns2 from 'dns2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../live/free-port.ts';
import { portolan } from '../live/portolan.ts';

const { Packet } = dns2;

let port: number;
let server: ReturnType<typeof dns2.createServer>;

beforeAll(async () => {
  port = await freePort();
  server = dns2.createServer({
    udp: true,
    tcp: true,
    handle(request, send, client) {
      const response = Packet.createResponseFromRequest(request);
      const { name, type } = request.questions[0]!;
      const record = { name, type, class: Packet.CLASS.IN, ttl: 60 };
      response.header.aa = 1;
      if (name === 'silent.example.org') return;
      if (name === 'missing.example.org') response.header.rcode = 3;
      else if (name === 'large.example.org' && !('remoteAddress' in client)) response.header.tc = 1;
      else if (type === Packet.TYPE.SRV)
        response.answers.push({ ...record, priority: 1, weight: 2, port: 3, target: 'a.example.org' } as never);
      else response.answers.push({ ...record, address: '192.0.2.1' } as never);
      send(response);
    },
  });
  await server.listen({ udp: { port, address: '127.0.0.1' }, tcp: { port, address: '127.0.0.1' } });
});
afterAll(() => server.close());

const lookup = (...args: string[]) => portolan('lookup', `@127.0.0.1:${port}`, ...args);

describe('lookup', () => {
  it('prints the whole answer', async () => {
    const { status, stdout } = await lookup('www.example.org');
    expect(status).toBe(0);
    expect(stdout).toContain(';; status: NOERROR, flags: qr aa');
    expect(stdout).toContain('\n;www.example.org. A\n');
    expect(stdout).toContain('\nwww.example.org. 60 IN A 192.0.2.1\n');
  });

  it('prints the data alone with --short, by UDP and by TCP', async () => {
    for (const transport of [[], ['--tcp']]) {
      const { stdout } = await lookup('_a._tcp.example.org', 'srv', '--short', ...transport);
      expect(stdout).toBe('1 2 3 a.example.org.\n');
    }
  });

  it('asks again by TCP when the answer is truncated', async () => {
    const { stdout } = await lookup('large.example.org', '--short');
    expect(stdout).toBe('192.0.2.1\n');
  });

  it('prints the status of a name that does not exist, and that is no failure', async () => {
    const { status, stdout } = await lookup('missing.example.org');
    expect(status).toBe(0);
    expect(stdout).toContain('status: NXDOMAIN');
  });

  it('gives up on a silent server, by UDP and by TCP', async () => {
    for (const transport of [[], ['--tcp']]) {
      const { status, stderr } = await lookup('silent.example.org', '--timeout', '0.2', ...transport);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^Cannot look up silent\.example\.org: 127\.0\.0\.1 port \d+: .*0\.2 ?s|200 ?ms/);
    }
  });

  it('names what is wrong with a question', async () => {
    const { status, stderr } = await lookup('www.example.org', 'WAT');
    expect(status).toBe(1);
    expect(stderr).toMatch(/type: expected one of A .*, got WAT/);
  });
});
