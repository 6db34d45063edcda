// What a fault in a thread that answers costs: the query, or at most one batch, and nobody else anything.
import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { Count, sumCounter } from '../../src/base/counters.ts';
import { BATCH } from '../../src/listen/udp-batch.ts';
import { type PoolDesk, startDesk } from '../contract/pool-desk.ts';
import { decode, framed, query, TcpClient, TYPE } from '../live/wire.ts';

/**
 * How often each client asks, and the milliseconds between: slow enough that what comes while a thread is replaced fits into
 * the buffers of any kernel, fast enough that it is more than a batch.
 */
const ROUNDS = 400;
const PACE_MS = 2;

/** A client that asks each thing once, and counts what it is answered. */
class Asker {
  readonly #socket = createSocket('udp4');
  readonly #port: number;
  readonly #answered = new Set<number>();
  #sent = 0;

  constructor(port: number) {
    this.#port = port;
    this.#socket.on('message', (reply) => this.#answered.add(reply.readUInt16BE(0)));
    this.#socket.on('error', () => {});
  }

  ask(name: string): void {
    this.#sent++;
    this.#send(name, this.#sent);
  }

  /**
   * Ends. What a socket takes in it gives out in the order of its coming, so once a last query is answered, everything
   * before it is answered or lost.
   * @returns how many queries are not answered
   */
  async end(): Promise<number> {
    while (!this.#answered.has(0)) {
      this.#send('www.example.org', 0);
      await pause(50);
    }
    this.#socket.close();
    return this.#sent - (this.#answered.size - 1);
  }

  #send(name: string, id: number): void {
    this.#socket.send(query(name, TYPE.A, { id }), this.#port, '127.0.0.1');
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each([
  ['datagrams as it is chosen at start', true],
  ['datagrams one by one', false],
])('%s', (_, useBatches) => {
  const program = new URL('./failing-thread.ts', import.meta.url);
  let desk: PoolDesk;
  afterEach(() => desk.pool.stop());

  /** Eight clients ask at an even pace; at half time one of them asks for `name` as well. @returns queries lost */
  const lostAround = async (name: string): Promise<number> => {
    const clients = Array.from({ length: 8 }, () => new Asker(desk.port));
    for (let round = 0; round < ROUNDS; round++) {
      if (round === ROUNDS / 2) clients[0]!.ask(name);
      for (const client of clients) client.ask('www.example.org');
      await pause(PACE_MS);
    }
    const lost = await Promise.all(clients.map((client) => client.end()));
    return lost.reduce((sum, count) => sum + count);
  };

  it('an exception costs the query that it meets, and is counted and told', async () => {
    desk = await startDesk({ useBatches, program });
    expect(await lostAround('throw.example.org')).toBe(1);
    expect(sumCounter(desk.pool.counters, Count.FAULTS)).toBe(1);
    expect(desk.pool.restarts).toBe(0);
    expect(desk.log.filter(({ level }) => level === 'error')).toMatchObject([
      { msg: 'answer failed', why: expect.stringContaining('thrown for the test') },
    ]);
  });

  it('a query that throws and is asked again and again is told of once a second at most', async () => {
    desk = await startDesk({ useBatches, program, workers: 1 });
    const client = new Asker(desk.port);
    for (let i = 0; i < 100; i++) client.ask('throw.example.org');
    expect(await client.end()).toBe(100);
    expect(sumCounter(desk.pool.counters, Count.FAULTS)).toBe(100);
    expect(desk.log.filter(({ msg }) => msg === 'answer failed').length).toBeLessThan(10);
  });

  it('a thread that dies costs one batch at most: another one takes its place', async () => {
    desk = await startDesk({ useBatches, program });
    const lost = await lostAround('exit.example.org');
    expect(lost).toBeGreaterThanOrEqual(1);
    expect(lost).toBeLessThanOrEqual(BATCH);
    expect(desk.pool.restarts).toBe(1);
    while (!desk.log.some(({ msg }) => msg === 'thread started anew')) await pause(20);
    expect(sumCounter(desk.pool.counters, Count.FAULTS)).toBe(0);
  });

  it('frees its port when it stops while a thread is dead', async () => {
    desk = await startDesk({ useBatches, program, workers: 1 });
    const client = new Asker(desk.port);
    // The second death within a second is not repaired at once.
    for (let deaths = 1; deaths <= 2; deaths++) {
      client.ask('exit.example.org');
      while (desk.pool.restarts < deaths) await pause(5);
      if (deaths === 1) while (!desk.log.some(({ msg }) => msg === 'thread started anew')) await pause(5);
    }
    await desk.pool.stop();
    desk = await startDesk({ useBatches, listen: desk.addresses });
    expect(await client.end()).toBe(2);
  });

  it('an exception over TCP costs the query, and the connection goes on', async () => {
    desk = await startDesk({ useBatches, program });
    const client = await TcpClient.open(desk.port);
    const names = ['www.example.org', 'throw.example.org', 'www.example.org'];
    client.socket.write(Buffer.concat(names.map((name, id) => framed(query(name, TYPE.A, { id })))));
    const replies = await client.read(2);
    expect(replies.map((reply) => decode(reply).id)).toEqual([0, 2]);
    client.close();
    expect(sumCounter(desk.pool.counters, Count.FAULTS)).toBe(1);
  });
});
