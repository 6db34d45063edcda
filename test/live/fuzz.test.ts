// 100,000 malformed packets at the running server: it goes on, answers no answer, and takes no more memory for it.

import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { random } from '../sources/generate-state.ts';
import { serve } from './portolan.ts';
import { decode, query, TYPE, UdpClient } from './wire.ts';

const PACKETS = 100_000;

const ZONE = `$ORIGIN fuzz.test.
$TTL 60
@ SOA ns1 root 1 60 60 3600 30
@ NS ns1
ns1 A 192.0.2.1
www A 192.0.2.2
www AAAA 2001:db8::2
_http._tcp SRV 0 1 80 www
alias CNAME www
*.wild A 192.0.2.3
child NS ns.child
ns.child A 192.0.2.4
`;

const NAMES = [
  'fuzz.test',
  'www.fuzz.test',
  '_http._tcp.fuzz.test',
  'alias.fuzz.test',
  'x.wild.fuzz.test',
  'a.child.fuzz.test',
  'nx.fuzz.test',
  'other.example',
];
const TYPES = [TYPE.A, TYPE.SRV, 6, 2, 255, 252, 251, 41, 250, 0, 65_535];

/** Well-formed queries to begin with. */
function seeds(): Buffer[] {
  return NAMES.flatMap((name) =>
    TYPES.flatMap((type) => [query(name, type), query(name, type, { edns: { size: 4096, flags: 0x8000 } })]),
  );
}

/** A message with a few faults: flipped, changed, taken away, put in, cut, doubled. */
function mutate(message: Buffer, next: () => number): Buffer {
  let octets = Buffer.from(message);
  const below = (n: number) => Math.floor(next() * n);
  for (let times = 1 + below(5); times > 0 && octets.length > 0; times--) {
    const at = below(octets.length);
    switch (below(7)) {
      case 0:
        octets[at]! ^= 1 << below(8);
        break;
      case 1:
        octets[at] = [0, 1, 12, 63, 64, 128, 192, 255][below(8)]!;
        break;
      case 2:
        octets = Buffer.concat([octets.subarray(0, at), octets.subarray(at + 1 + below(8))]);
        break;
      case 3:
        octets = Buffer.concat([octets.subarray(0, at), Buffer.from([below(256), below(256)]), octets.subarray(at)]);
        break;
      case 4:
        octets = octets.subarray(0, at);
        break;
      case 5:
        octets = Buffer.concat([octets, octets.subarray(at)]);
        break;
      default:
        if (octets.length >= 12) octets.writeUInt16BE([0, 1, 2, 255, 65_535][below(5)]!, 4 + 2 * below(4));
    }
  }
  return octets.subarray(0, 4_000);
}

function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

it('100,000 mutated packets: it answers afterwards, never an answer to an answer, memory flat', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-fuzz-'));
  writeFileSync(join(folder, 'fuzz.test.zone'), ZONE);
  const server = await serve('--zones', folder, '--workers', '1');
  const socket = createSocket('udp4');
  /** Ids that replies must not have: those of packets that were replies themselves, or too short for a header. */
  const silent = new Set<number>();
  let replies = 0;
  let wrong = 0;
  socket.on('message', (reply) => {
    replies++;
    if (reply.length < 12 || (reply[2]! & 0x80) === 0 || silent.has(reply.readUInt16BE(0))) wrong++;
  });
  const client = new UdpClient(server.port);
  const isAlive = async (): Promise<boolean> =>
    decode(await client.ask(query('www.fuzz.test', TYPE.A))).answer.length === 1;
  try {
    const next = random(1);
    const corpus = seeds();
    expect(await isAlive()).toBe(true);
    let before = 0;
    for (let sent = 0; sent < PACKETS; sent++) {
      const packet = mutate(corpus[Math.floor(next() * corpus.length)]!, next);
      // The id says whether a reply is due: in the upper half it is not.
      const isSilent = packet.length < 12 || (packet[2]! & 0x80) !== 0;
      const id = (sent % 0x8000) | (isSilent ? 0x8000 : 0);
      if (packet.length >= 2) packet.writeUInt16BE(id, 0);
      if (isSilent) silent.add(id);
      socket.send(packet, server.port, '127.0.0.1');
      if (sent % 64 === 63) expect(await isAlive()).toBe(true);
      // Caches and compiled code have their size by now; what comes on top would be a leak.
      if (sent === PACKETS / 5) before = residentKiB(server.pid);
    }
    expect(await isAlive()).toBe(true);
    expect(wrong).toBe(0);
    expect(replies).toBeGreaterThan(PACKETS / 4);
    const growth = residentKiB(server.pid) - before;
    console.log(`${PACKETS} packets, ${replies} replies, memory grew by ${growth} KiB after the first fifth`);
    expect(growth).toBeLessThan(30_000);
  } finally {
    client.close();
    socket.close();
    expect(await server.stop()).toBe(0);
    rmSync(folder, { recursive: true });
  }
});
