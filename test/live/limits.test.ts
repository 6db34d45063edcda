// What one client may ask of the running server: large answers, many queries on one connection, and no more than its share.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Server, serve } from './portolan.ts';
import { decode, framed, ipv4, optRecord, query, TcpClient, TYPE, UdpClient } from './wire.ts';

const TARGETS = 2_000;

function zone(): string {
  const lines = [
    '$ORIGIN l.test.',
    '$TTL 60',
    '@ IN SOA ns1 hostmaster 1 3600 600 86400 60',
    '@ NS ns1',
    'ns1 A 192.0.2.1',
    'www A 192.0.2.80',
  ];
  for (let i = 0; i < TARGETS; i++)
    lines.push(`_big._tcp SRV 0 1 ${10_000 + i} t${i}`, `t${i} A 10.9.${i >> 8}.${i & 255}`);
  for (let i = 0; i < 5_000; i++) lines.push(`_huge._tcp SRV 0 1 ${10_000 + i} a-target-name-of-some-length-${i}`);
  return `${lines.join('\n')}\n`;
}

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-limits-'));
  writeFileSync(join(folder, 'l.test.zone'), zone());
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ zones: '.', tcp: { messageDeadline: '700ms', idle: '2s', maxConnectionsPerClient: 10 } }),
  );
  server = await serve('--config', join(folder, 'config.json'), '--workers', '1');
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** Runs `use` with a connection and closes it. */
async function connected<T>(use: (client: TcpClient) => Promise<T>, allowHalfOpen = false): Promise<T> {
  const client = await TcpClient.open(server.port, allowHalfOpen);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const WWW = query('www.l.test', TYPE.A, { id: 7 });

describe('large answers', () => {
  it('a set of 2,000 SRV records: TC over UDP with what fits, the whole set over TCP (RFC 2181 9, RFC 7766 5)', async () => {
    const udp = new UdpClient(server.port);
    const cut = decode(await udp.ask(query('_big._tcp.l.test', TYPE.SRV, { edns: { size: 4096 } })));
    udp.close();
    expect(cut.tc).toBe(true);
    expect(cut.size).toBeLessThanOrEqual(1232);
    expect(cut.answer.length).toBeGreaterThan(20);
    expect(cut.opt).toBeDefined();
    const whole = decode(await connected((tcp) => tcp.ask(query('_big._tcp.l.test', TYPE.SRV))));
    expect(whole.tc).toBe(false);
    expect(new Set(whole.answer.map(({ rdata }) => rdata)).size).toBe(TARGETS);
    expect(whole.faults).toEqual([]);
    for (const { owner, rdata } of whole.additional) {
      const i = Number(/^t(\d+)\./.exec(owner)![1]);
      expect(ipv4(rdata)).toBe(`10.9.${i >> 8}.${i & 255}`);
    }
  });

  it('a set beyond 65,535 octets: as many as fit, TC over TCP too', async () => {
    const reply = decode(await connected((tcp) => tcp.ask(query('_huge._tcp.l.test', TYPE.SRV))));
    expect(reply.tc).toBe(true);
    expect(reply.size).toBeGreaterThan(65_000);
    expect(reply.faults).toEqual([]);
  });

  it('every record of a cut set is given to somebody: the start turns', async () => {
    const udp = new UdpClient(server.port);
    const first = new Set<string>();
    for (let i = 0; i < 20; i++) first.add(decode(await udp.ask(query('_big._tcp.l.test', TYPE.SRV))).answer[0]!.rdata);
    udp.close();
    expect(first.size).toBe(20);
  });
});

describe('TCP (RFC 7766)', () => {
  it('20 queries in one segment are all answered', async () => {
    const ids = await connected(async (tcp) => {
      tcp.socket.write(
        Buffer.concat(Array.from({ length: 20 }, (_, id) => framed(query('www.l.test', TYPE.A, { id })))),
      );
      return (await tcp.read(20)).map((reply) => decode(reply).id);
    });
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, id) => id));
  });

  it('20 large answers pipelined on one connection come back complete', async () => {
    const replies = await connected(async (tcp) => {
      for (let id = 0; id < 20; id++) tcp.socket.write(framed(query('_big._tcp.l.test', TYPE.SRV, { id })));
      return (await tcp.read(20)).map(decode);
    });
    expect(replies.map(({ answer }) => answer.length)).toEqual(Array(20).fill(TARGETS));
  });

  it('a query may come octet by octet', async () => {
    const reply = await connected(async (tcp) => {
      for (const octet of framed(WWW)) {
        tcp.socket.write(Buffer.from([octet]));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return (await tcp.read(1))[0]!;
    });
    expect(decode(reply).answer).toHaveLength(1);
  });

  it('a client that closes its sending side gets all its answers', async () => {
    const replies = await connected(async (tcp) => {
      tcp.socket.end(Buffer.concat([framed(WWW), framed(query('_big._tcp.l.test', TYPE.SRV, { id: 8 }))]));
      return await tcp.read(2);
    }, true);
    expect(replies.map((reply) => decode(reply).id)).toEqual([7, 8]);
  });

  it.each([0, 1, 11])('a message of %i octets ends the connection', async (length) => {
    const replies = await connected(async (tcp) => {
      tcp.socket.write(Buffer.concat([framed(Buffer.alloc(length)), framed(WWW)]));
      await tcp.closed;
      return tcp.read(1);
    });
    expect(replies).toEqual([]);
  });

  it('a message that is not complete in time ends the connection', async () => {
    await connected(async (tcp) => {
      tcp.socket.write(framed(WWW).subarray(0, 9));
      await tcp.closed;
      expect(await tcp.read(1)).toEqual([]);
    });
  });

  it('one client has at most its share of connections; another one is let in when one of them ends', async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => TcpClient.open(server.port)));
    for (const client of clients) expect(decode(await client.ask(WWW)).answer).toHaveLength(1);
    expect(await askAlone()).toBeUndefined();
    for (const client of clients) client.close();
    await Promise.all(clients.map(({ closed }) => closed));
    let reply: Buffer | undefined;
    while (!reply) reply = await askAlone();
    expect(decode(reply).answer).toHaveLength(1);
  });

  it('a client that never reads costs no more than its queue', async () => {
    const before = residentKiB(server.pid);
    await connected(async (tcp) => {
      tcp.socket.pause();
      const many = Buffer.concat(Array.from({ length: 2_000 }, () => framed(query('_big._tcp.l.test', TYPE.SRV))));
      tcp.socket.write(many);
      const udp = new UdpClient(server.port);
      for (let i = 0; i < 200; i++) expect(decode(await udp.ask(WWW)).answer).toHaveLength(1);
      udp.close();
    });
    // 2,000 answers of 60 kB would be 120 MB.
    expect(residentKiB(server.pid) - before).toBeLessThan(40_000);
  });
});

describe('EDNS (RFC 6891)', () => {
  it('a higher version gets BADVERS and our version, and no data', async () => {
    const udp = new UdpClient(server.port);
    const reply = decode(await udp.ask(query('www.l.test', TYPE.A, { edns: { version: 1 } })));
    udp.close();
    expect(reply.rcode).toBe(16);
    expect(reply.opt?.version).toBe(0);
    expect(reply.answer).toEqual([]);
  });

  it('two OPT records are FORMERR', async () => {
    const udp = new UdpClient(server.port);
    const message = Buffer.concat([query('www.l.test', TYPE.A, { edns: {} }), optRecord({})]);
    message.writeUInt16BE(2, 10);
    const reply = decode(await udp.ask(message));
    udp.close();
    expect(reply.rcode).toBe(1);
  });

  it.each([0, 100, 512, 700, 1232, 4096, 65_535])('a client that offers %i octets gets no more', async (size) => {
    const udp = new UdpClient(server.port);
    const reply = decode(await udp.ask(query('_big._tcp.l.test', TYPE.SRV, { edns: { size } })));
    udp.close();
    expect(reply.size).toBeLessThanOrEqual(Math.min(Math.max(size, 512), 1232));
    expect(reply.opt).toBeDefined();
  });
});

/** Asks on a connection of its own; undefined when the server ends it, at once or without an answer. */
async function askAlone(): Promise<Buffer | undefined> {
  try {
    return await connected(async (tcp) => {
      tcp.socket.write(framed(WWW));
      return (await tcp.read(1))[0];
    });
  } catch {
    return undefined;
  }
}

/** Resident memory of a process, KiB. */
function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}
