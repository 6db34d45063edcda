// What every way of listening has to do alike: datagrams in batches, datagrams one by one, and streams, each in threads of
// its own over one image. Where there are no batches (see `test/without-koffi.ts`) the first of the two is the second as well.
import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Transport } from '../../src/answer/responder.ts';
import { Count, sumCounter } from '../../src/base/counters.ts';
import { collectGarbage } from '../../src/base/memory.ts';
import { openKernel } from '../../src/listen/kernel.ts';
import type { ListenAddress } from '../../src/listen/listener.ts';
import { decode, ipv4, query, TcpClient, TYPE, UdpClient } from '../live/wire.ts';
import { type PoolDesk, startDesk } from './pool-desk.ts';

const kernel = await openKernel();

describe.each([
  ['datagrams as it is chosen at start', true],
  ['datagrams one by one', false],
])('%s', (_, useBatches) => {
  const hasBatches = useBatches && typeof kernel !== 'string';
  let desk: PoolDesk;

  const start = async (listen: readonly ListenAddress[]): Promise<void> => {
    desk = await startDesk({ listen, useBatches });
  };

  beforeEach(() => start([{ ip: '127.0.0.1', port: 0 }]));
  afterEach(() => desk.pool.stop());

  const ask = async (name: string, port = desk.port): Promise<string[]> => {
    const client = new UdpClient(port);
    try {
      return decode(await client.ask(query(name, TYPE.A))).answer.map(({ rdata }) => ipv4(rdata));
    } finally {
      client.close();
    }
  };

  it('answers over UDP and TCP on one port, and counts it', async () => {
    expect(await ask('www.example.org')).toEqual(['192.0.2.1']);
    const tcp = await TcpClient.open(desk.port);
    expect(decode(await tcp.ask(query('www.example.org', TYPE.A))).answer).toHaveLength(1);
    tcp.close();
    expect(sumCounter(desk.pool.counters, Count.QUERIES, Transport.UDP)).toBe(1);
    expect(sumCounter(desk.pool.counters, Count.QUERIES, Transport.TCP)).toBe(1);
    expect(sumCounter(desk.pool.counters, Count.RCODE)).toBe(2);
  });

  it('lets the memory of former images go in threads that nobody asks', async () => {
    const held = (): number => {
      collectGarbage();
      return process.memoryUsage().arrayBuffers;
    };
    const before = held();
    // Each time most of the texts are garbage, and all goes on in 16 MiB of other memory or more.
    for (let round = 0; round < 12; round++) {
      const strings = Array.from({ length: 200 }, () => `"${String(round).repeat(250).slice(0, 250)}"`).join(' ');
      desk.put('large', Array.from({ length: 100 }, (_, i) => `n${i}.example.org 60 TXT "${i}" ${strings}`).join('\n'));
    }
    await expect.poll(held, { timeout: 10_000 }).toBeLessThan(before + 12 * (8 << 20));
  });

  it('says once which way it was, and why not the other', () => {
    const why = useBatches ? kernel : 'switched off';
    expect(desk.log.filter(({ msg }) => msg === 'datagrams')).toEqual([
      { level: 'info', msg: 'datagrams', ...(hasBatches ? { udp: 'batches' } : { udp: 'one by one', why }) },
    ]);
  });

  it('answers every one of many datagrams that come at once, from one client and from many', async () => {
    const clients = Array.from({ length: 8 }, () => new UdpClient(desk.port));
    const names = ['www.example.org', 'nothing.example.org', 'example.org'];
    const replies = await Promise.all(
      Array.from({ length: 1_200 }, (_, i) => clients[i % 8]!.ask(query(names[i % 3]!, TYPE.A, { edns: {} }))),
    );
    for (const client of clients) {
      expect(client.strays).toEqual([]);
      client.close();
    }
    for (const [i, reply] of replies.entries()) {
      const { rcode, question, answer } = decode(reply);
      expect([rcode, question[0]!.name.replace(/\.$/, ''), answer.length]).toEqual([
        i % 3 === 1 ? 3 : 0,
        names[i % 3],
        i % 3 === 0 ? 1 : 0,
      ]);
    }
  });

  it('large replies to one client, more than fit into one message, all arrive', async () => {
    const text = Array.from({ length: 4 }, (_, i) => `"${String(i).repeat(250)}"`).join(' ');
    desk.put('large', `large.example.org 60 TXT ${text}`);
    const client = new UdpClient(desk.port);
    for (let round = 0; round < 5; round++) {
      const replies = await Promise.all(
        Array.from({ length: 100 }, () => client.ask(query('large.example.org', TYPE.TXT, { edns: {} }))),
      );
      for (const reply of replies) expect(decode(reply).answer[0]!.rdata.length).toBe(4 * 251);
    }
    client.close();
    expect(sumCounter(desk.pool.counters, Count.DROPPED_REPLIES)).toBe(0);
  });

  it('answers from what was published last, through every growth of the image', async () => {
    for (let round = 0; round < 6; round++) {
      const lines = Array.from(
        { length: 4_000 },
        (_, i) => `h${i}-${round}.example.org 60 A 10.${round}.${i >> 8}.${i & 255}`,
      );
      desk.put(`round ${round}`, `${lines.join('\n')}\nnow.example.org 60 A 192.0.2.${round}`);
      if (round > 0) desk.put(`round ${round - 1}`, '');
      expect(await ask('now.example.org')).toEqual([`192.0.2.${round}`]);
      expect(await ask(`h3999-${round}.example.org`)).toEqual([`10.${round}.15.159`]);
    }
  });

  it('a reply leaves from the address that was asked, on a wildcard address too', async () => {
    await desk.pool.stop();
    await start([{ ip: '0.0.0.0', port: 0 }]);
    const { port } = desk;
    for (const ip of ['127.0.0.1', '127.0.0.9', '127.1.2.3']) {
      const socket = createSocket('udp4');
      const from = await new Promise<string>((resolve) => {
        socket.on('message', (_reply, remote) => resolve(remote.address));
        socket.send(query('www.example.org', TYPE.A), port, ip);
      });
      socket.close();
      // Node's own sockets do not tell to which address a datagram came.
      if (hasBatches) expect(from).toBe(ip);
      else expect(from).toMatch(/^127\./);
    }
  });

  it('many replies to one client leave each from the address that was asked, on wildcard addresses of both families', async () => {
    await desk.pool.stop();
    await start([
      { ip: '0.0.0.0', port: 0 },
      { ip: '::', port: 0 },
    ]);
    // As many small datagrams as a socket's buffer holds anywhere.
    const MANY = 150;
    for (const [type, { port }, asked] of [
      ['udp4', desk.addresses[0]!, ['127.0.0.1', '127.0.0.9', '127.0.0.9', '127.1.2.3']],
      ['udp6', desk.addresses[1]!, ['::1']],
    ] as const) {
      const socket = createSocket(type);
      const from = new Map<number, string>();
      const { promise, resolve } = Promise.withResolvers<void>();
      socket.on('message', (reply, remote) => {
        expect(decode(reply).answer.map(({ rdata }) => ipv4(rdata))).toEqual(['192.0.2.1']);
        from.set(reply.readUInt16BE(0), remote.address);
        if (from.size === MANY) resolve();
      });
      for (let id = 0; id < MANY; id++)
        socket.send(query('www.example.org', TYPE.A, { id }), port, asked[id % asked.length]);
      await promise;
      socket.close();
      if (hasBatches) for (const [id, address] of from) expect(address).toBe(asked[id % asked.length]);
    }
  });

  it('listens at several addresses, of both families', async () => {
    await desk.pool.stop();
    await start([
      { ip: '127.0.0.1', port: 0 },
      { ip: '127.0.0.2', port: 0 },
      { ip: '::1', port: 0 },
    ]);
    for (const { ip, port } of desk.addresses) {
      const socket = createSocket(ip.includes(':') ? 'udp6' : 'udp4');
      const reply = await new Promise<Buffer>((resolve) => {
        socket.on('message', (message) => resolve(message));
        socket.send(query('www.example.org', TYPE.A), port, ip);
      });
      socket.close();
      expect(decode(reply).answer.map(({ rdata }) => ipv4(rdata))).toEqual(['192.0.2.1']);
    }
  });

  it('refuses an address that another server has', async () => {
    const taken = desk.addresses[0]!;
    await expect(start([taken])).rejects.toThrow(/EADDRINUSE/);
    expect(await ask('www.example.org', taken.port)).toEqual(['192.0.2.1']);
  });

  it('frees its port when it stops', async () => {
    const before = desk.addresses[0]!;
    await desk.pool.stop();
    await start([before]);
    expect(await ask('www.example.org')).toEqual(['192.0.2.1']);
  });
});
