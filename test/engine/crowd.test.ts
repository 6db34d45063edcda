// 2,000 containers: how soon the real program answers for all of them, and what an event costs then. The engine is a
// stand-in with recorded containers in a program of its own, as nobody's test machine runs as many; the test is among
// those of real engines because what it measures wants the machine for itself, too.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../live/portolan.ts';
import { decode, ipv4, query, TYPE, UdpClient } from '../live/wire.ts';

const CONTAINERS = 2_000;

/** A new program each, as the first reading is the slowest: nothing is compiled yet. */
const STARTS = 3;

const NOERROR = 0;
const NXDOMAIN = 3;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-crowd-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The stand-in, and what it writes. */
class Crowd {
  readonly host: string;
  readonly #program: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: string) {
    this.host = `unix://${socket}`;
    const program = join(import.meta.dirname, '..', 'stand-ins', 'docker-crowd.ts');
    this.#program = spawn(process.execPath, [program, socket, String(CONTAINERS)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.#program.stdout })[Symbol.asyncIterator]();
  }

  static async start(socket: string): Promise<Crowd> {
    const crowd = new Crowd(socket);
    expect(await crowd.said()).toBe('ready');
    return crowd;
  }

  async said(): Promise<string> {
    return String((await this.#lines.next()).value);
  }

  happen(what: 'run' | 'sick' | 'die', which: string): void {
    this.#program.stdin.write(`${what} ${which}\n`);
  }

  /** Ends it. @returns how often it was asked for single containers, and for the list */
  async stop(): Promise<{ readonly looks: number; readonly lists: number }> {
    this.#program.stdin.end();
    return JSON.parse(await this.said());
  }
}

/** The ids that the stand-in gives its containers. */
function idOf(number: number): string {
  return number.toString(16).padStart(8, '0').padEnd(64, 'a');
}

function nameOf(id: string): string {
  return `${id.slice(0, 12)}.docker`;
}

async function ask(client: UdpClient, name: string): Promise<{ readonly rcode: number; readonly addresses: string[] }> {
  const { rcode, answer } = decode(await client.ask(query(name, TYPE.A, { id: 1 })));
  return { rcode, addresses: answer.filter(({ type }) => type === TYPE.A).map(({ rdata }) => ipv4(rdata)) };
}

async function until(client: UdpClient, name: string, rcode: number): Promise<void> {
  while ((await ask(client, name)).rcode !== rcode) await delay(2);
}

interface Served {
  readonly crowd: Crowd;
  readonly client: UdpClient;
  /** From the first question to the engine to the first answer, milliseconds. */
  readonly tookMs: number;
  stop(): Promise<void>;
}

/** A new engine and a new Portolan that has read it. */
async function serveCrowd(): Promise<Served> {
  const crowd = await Crowd.start(join(folder, 'engine.sock'));
  const config = join(folder, 'portolan.json');
  const source = { kind: 'docker', host: crowd.host, hostAddress: ['192.0.2.10'] };
  writeFileSync(config, JSON.stringify({ workers: 1, sources: [source] }));
  const server = await serve('--config', config);
  const client = new UdpClient(server.port);
  const { rcode } = await ask(client, nameOf(idOf(CONTAINERS - 1)));
  const answeredAt = Date.now();
  expect(rcode).toBe(NOERROR);
  const [, askedAt] = (await crowd.said()).split(' ');
  const stop = async (): Promise<void> => {
    client.close();
    await server.stop();
  };
  return { crowd, client, tookMs: answeredAt - Number(askedAt), stop };
}

describe(`an engine with ${CONTAINERS} containers`, () => {
  it('is listed once, each container looked at once, and all of them are answered for together', async () => {
    const times: number[] = [];
    for (let start = 0; start < STARTS; start++) {
      const { crowd, client, tookMs, stop } = await serveCrowd();
      times.push(tookMs);
      const names = Array.from({ length: CONTAINERS }, (_, i) => nameOf(idOf(i)));
      for (const name of names) expect((await ask(client, name)).rcode, name).toBe(NOERROR);
      await stop();
      expect(await crowd.stop()).toEqual({ looks: CONTAINERS, lists: 1 });
    }
    console.log(`from the first question to the engine to the first answer: ${times.join(', ')} ms`);
  });

  it('a start or a change costs one look, an end none', async () => {
    const { crowd, client, stop } = await serveCrowd();
    const EVENTS = 50;
    for (let i = 0; i < EVENTS; i++) {
      crowd.happen('run', `new-${i}`);
      crowd.happen('sick', idOf(i));
      crowd.happen('die', idOf(EVENTS + i));
    }
    for (let i = 0; i < EVENTS; i++) {
      await until(client, `new-${i}.docker`, NOERROR);
      await until(client, nameOf(idOf(EVENTS + i)), NXDOMAIN);
    }
    await stop();
    const { looks, lists } = await crowd.stop();
    console.log(`${3 * EVENTS} events, of which ${EVENTS} ends: ${looks - CONTAINERS} looks`);
    expect({ looks, lists }).toEqual({ looks: CONTAINERS + 2 * EVENTS, lists: 1 });
  });
});
