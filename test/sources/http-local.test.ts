// The client for short answers at a Unix socket, against servers that say and do what servers may.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LocalClient } from '../../src/sources/http-local.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-local-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0).reverse()) end();
});

const { signal } = new AbortController();

interface Standing {
  readonly path: string;
  /** All requests, by connection in the order in which they were made. */
  readonly asked: string[][];
  readonly sockets: Socket[];
}

/** A server at a socket; `reply` is called with each request. */
async function serve(reply: (socket: Socket, target: string) => void): Promise<Standing> {
  const path = join(folder, 'server.sock');
  const standing: Standing = { path, asked: [], sockets: [] };
  const server: Server = createServer((socket) => {
    const requests: string[] = [];
    standing.asked.push(requests);
    standing.sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (octets) => {
      const [, target] = /^GET (\S+) HTTP\/1\.1\r\nhost: localhost\r\n(?:.+\r\n)*\r\n$/.exec(String(octets)) ?? [];
      requests.push(String(target));
      reply(socket, String(target));
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  ending.push(() => {
    for (const socket of standing.sockets) socket.destroy();
    server.close();
  });
  return standing;
}

function client(path: string, timeoutMs = 10_000, maxBody = 1 << 30): LocalClient {
  const made = new LocalClient({ socketPath: path, connectTimeoutMs: 10_000, timeoutMs, maxBody });
  ending.push(() => made.close());
  return made;
}

function plain(body: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

describe('short answers at a Unix socket', () => {
  it('come one after the other over one connection, and side by side over several', async () => {
    const server = await serve((socket, target) => socket.write(plain(target)));
    const asking = client(server.path);
    for (const target of ['/a', '/b', '/c'])
      expect(await asking.get(target, signal)).toEqual({ status: 200, text: target, isLast: false });
    expect(server.asked).toEqual([['/a', '/b', '/c']]);
    const answers = await Promise.all(['/d', '/e', '/f'].map((target) => asking.get(target, signal)));
    expect(answers.map((answer) => answer?.text)).toEqual(['/d', '/e', '/f']);
    expect(server.asked).toHaveLength(3);
    expect(server.asked.flat().sort()).toEqual(['/a', '/b', '/c', '/d', '/e', '/f']);
  });

  it('may come in any pieces', async () => {
    const server = await serve(async (socket, target) => {
      const octets = Buffer.from(
        `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n${target}"ü\r\n3\r\n€\r\n0\r\n\r\n`.replace('"', ''),
      );
      for (let at = 0; at < octets.length; at += 3) {
        socket.write(octets.subarray(at, at + 3));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const asking = client(server.path);
    expect((await asking.get('/x', signal))?.text).toBe('/xü€');
    expect((await asking.get('/y', signal))?.text).toBe('/yü€');
    expect(server.asked).toEqual([['/x', '/y']]);
  });

  it('are none where something else is said, and the next question goes over another connection', async () => {
    const server = await serve((socket, target) =>
      socket.write(target === '/odd' ? 'SSH-2.0-server\r\n\r\n' : plain(target)),
    );
    const asking = client(server.path);
    expect(await asking.get('/odd', signal)).toBeUndefined();
    expect((await asking.get('/even', signal))?.text).toBe('/even');
    expect(server.asked).toEqual([['/odd'], ['/even']]);
  });

  it('are none that are too long, that break off or that nobody gives', async () => {
    const server = await serve((socket, target) => {
      if (target === '/long') socket.write(plain('x'.repeat(1 << 20)));
      else if (target === '/ended') socket.end(plain('0123456789').slice(0, -1));
      else socket.destroy();
    });
    const asking = client(server.path);
    expect(await asking.get('/long', signal)).toBeUndefined();
    expect(await asking.get('/ended', signal)).toBeUndefined();
    expect(await asking.get('/gone', signal)).toBeUndefined();
    expect(await client(join(folder, 'nobody.sock')).get('/', signal)).toBeUndefined();
  });

  it('are none that are longer than the settings let them be', async () => {
    const server = await serve((socket) => socket.write(plain('x'.repeat(2_000))));
    expect(await client(server.path, 10_000, 1_000).get('/', signal)).toBeUndefined();
    expect((await client(server.path, 10_000, 4_000).get('/', signal))?.text).toHaveLength(2_000);
  });

  it('are waited for no longer than said, and the connection is given up', async () => {
    const server = await serve((socket, target) => {
      if (target !== '/never') socket.write(plain(target));
    });
    const asking = client(server.path, 50);
    await expect(asking.get('/never', signal)).rejects.toThrow('Cannot GET /never: no complete answer within 0.05 s');
    expect((await asking.get('/now', signal))?.text).toBe('/now');
    expect(server.asked).toEqual([['/never'], ['/now']]);
  });

  it('are not waited for any more when the signal comes', async () => {
    let heard = (): void => {};
    const hears = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const server = await serve(() => heard());
    const ended = new AbortController();
    const asking = client(server.path);
    const answer = asking.get('/never', ended.signal);
    const closed = expect(answer).rejects.toThrow('enough');
    await hears;
    ended.abort(new Error('enough'));
    await closed;
    await expect(asking.get('/more', ended.signal)).rejects.toThrow('enough');
    expect(server.asked).toEqual([['/never']]);
  });

  it('go over a new connection when the server has closed the old one', async () => {
    const server = await serve((socket, target) => socket.write(plain(target)));
    const asking = client(server.path);
    await asking.get('/a', signal);
    const closed = new Promise((resolve) => server.sockets[0]!.once('close', resolve));
    server.sockets[0]!.end();
    await closed;
    expect((await asking.get('/b', signal))?.text).toBe('/b');
    expect(server.asked).toEqual([['/a'], ['/b']]);
  });

  it('end with the client', async () => {
    const server = await serve(() => {});
    const asking = client(server.path);
    const answer = asking.get('/never', signal);
    asking.close();
    expect(await answer).toBeUndefined();
  });
});
