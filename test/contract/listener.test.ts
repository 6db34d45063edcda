// What every way of listening has to do alike: datagrams in batches, datagrams one by one, and streams, each in threads of
// its own over one image.
import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Order } from '../../src/answer/responder.ts';
import { Count, sumCounter } from '../../src/base/counters.ts';
import { createLog } from '../../src/base/log.ts';
import type { ListenAddress } from '../../src/listen/listener.ts';
import { Pool } from '../../src/listen/pool.ts';
import { fold, parseName } from '../../src/wire/name.ts';
import { Image } from '../../src/zone/image.ts';
import { ZoneStore } from '../../src/zone/store.ts';
import { apexOf, rrs } from '../answer/desk.ts';
import { decode, ipv4, query, TcpClient, TYPE, UdpClient } from '../live/wire.ts';

const ORIGIN = parseName('example.org');

describe.each([
  ['datagrams in batches', true],
  ['datagrams one by one', false],
])('%s', (_, useBatches) => {
  let pool: Pool;
  let store: ZoneStore;
  let addresses: readonly ListenAddress[];

  const put = (key: string, text: string): void => {
    store.set(key, [{ zone: fold(ORIGIN), records: rrs(text) }]);
    store.commit();
  };

  const start = async (listen: readonly ListenAddress[], workers = 2): Promise<void> => {
    const image: Image = new Image((buffers) => pool.adopt(buffers));
    pool = new Pool(
      {
        workers,
        listen,
        useBatches,
        stableFor: [],
        responder: {
          maxUdpSize: 1232,
          order: Order.ROTATE,
          cacheSize: 1 << 20,
          nsid: Buffer.alloc(0),
          keepaliveSeconds: 10,
          chaos: new Map(),
        },
        tcp: {
          idleMs: 10_000,
          messageMs: 5_000,
          maxConnections: 100,
          maxConnectionsPerClient: 50,
          maxQueuedOctets: 1 << 20,
        },
      },
      image,
      createLog('silent'),
    );
    store = new ZoneStore(image, Date.now);
    store.addZone(ORIGIN);
    put('file', `${apexOf('example.org')}\nwww.example.org 60 A 192.0.2.1`);
    addresses = await pool.start();
  };

  beforeEach(() => start([{ ip: '127.0.0.1', port: 0 }]));
  afterEach(() => pool.stop());

  const ask = async (name: string, port = addresses[0]!.port): Promise<string[]> => {
    const client = new UdpClient(port);
    try {
      return decode(await client.ask(query(name, TYPE.A))).answer.map(({ rdata }) => ipv4(rdata));
    } finally {
      client.close();
    }
  };

  it('answers over UDP and TCP on one port, and counts it', async () => {
    expect(await ask('www.example.org')).toEqual(['192.0.2.1']);
    const tcp = await TcpClient.open(addresses[0]!.port);
    expect(decode(await tcp.ask(query('www.example.org', TYPE.A))).answer).toHaveLength(1);
    tcp.close();
    expect(sumCounter(pool.counters, Count.UDP_QUERIES)).toBe(1);
    expect(sumCounter(pool.counters, Count.TCP_QUERIES)).toBe(1);
    expect(sumCounter(pool.counters, Count.RCODE)).toBe(2);
  });

  it('answers every one of many datagrams that come at once, from one client and from many', async () => {
    const clients = Array.from({ length: 8 }, () => new UdpClient(addresses[0]!.port));
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

  it('answers from what was published last, through every growth of the image', async () => {
    for (let round = 0; round < 6; round++) {
      const lines = Array.from(
        { length: 4_000 },
        (_, i) => `h${i}-${round}.example.org 60 A 10.${round}.${i >> 8}.${i & 255}`,
      );
      put(`round ${round}`, `${lines.join('\n')}\nnow.example.org 60 A 192.0.2.${round}`);
      if (round > 0) put(`round ${round - 1}`, '');
      expect(await ask('now.example.org')).toEqual([`192.0.2.${round}`]);
      expect(await ask(`h3999-${round}.example.org`)).toEqual([`10.${round}.15.159`]);
    }
  });

  it('a reply leaves from the address that was asked, on a wildcard address too', async () => {
    await pool.stop();
    await start([{ ip: '0.0.0.0', port: 0 }]);
    const { port } = addresses[0]!;
    for (const ip of ['127.0.0.1', '127.0.0.9', '127.1.2.3']) {
      const socket = createSocket('udp4');
      const from = await new Promise<string>((resolve) => {
        socket.on('message', (_reply, remote) => resolve(remote.address));
        socket.send(query('www.example.org', TYPE.A), port, ip);
      });
      socket.close();
      // Node's own sockets do not tell to which address a datagram came.
      if (useBatches) expect(from).toBe(ip);
      else expect(from).toMatch(/^127\./);
    }
  });

  it('listens at several addresses, of both families', async () => {
    await pool.stop();
    await start([
      { ip: '127.0.0.1', port: 0 },
      { ip: '127.0.0.2', port: 0 },
      { ip: '::1', port: 0 },
    ]);
    for (const { ip, port } of addresses) {
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
    const taken = addresses[0]!;
    const first = pool;
    await expect(start([taken])).rejects.toThrow(/EADDRINUSE/);
    await pool.stop();
    pool = first;
    expect(await ask('www.example.org', taken.port)).toEqual(['192.0.2.1']);
  });

  it('frees its port when it stops', async () => {
    const before = addresses[0]!;
    await pool.stop();
    await start([before]);
    expect(await ask('www.example.org')).toEqual(['192.0.2.1']);
  });
});
