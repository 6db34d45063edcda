// A client process with a steady load: asks one name after the other, and counts what it is told. Started with a port and
// names; prints its counts as JSON when its standard input ends. Every name it is given always exists.
import { createSocket } from 'node:dgram';
import { argv, stdin, stdout } from 'node:process';
import { query, TYPE } from './wire.ts';

export interface LoadCounts {
  sent: number;
  /** With records. */
  answered: number;
  /** SERVFAIL: not known (yet). */
  failed: number;
  /** No answer within a second: nobody was there to give one. */
  unanswered: number;
  /** NXDOMAIN, or no record of a name that has some; the first of them as text. */
  denied: number;
  readonly denials: string[];
  /** Any other code. */
  other: number;
}

const EVERY_MS = 2;
const WAIT_MS = 1_000;

if (import.meta.main) {
  const [port, ...names] = argv.slice(2);
  const counts: LoadCounts = { sent: 0, answered: 0, failed: 0, unanswered: 0, denied: 0, denials: [], other: 0 };
  const pending = new Map<number, { readonly name: string; readonly at: number }>();
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.on('message', (reply) => {
    const asked = pending.get(reply.readUInt16BE(0));
    if (!asked) return;
    pending.delete(reply.readUInt16BE(0));
    const rcode = reply[3]! & 15;
    const records = reply.readUInt16BE(6);
    if (rcode === 0 && records > 0) counts.answered++;
    else if (rcode === 2) counts.failed++;
    else if (rcode === 0 || rcode === 3) {
      counts.denied++;
      if (counts.denials.length < 20) counts.denials.push(`${new Date().toISOString()} ${asked.name} rcode ${rcode}`);
    } else counts.other++;
  });
  const age = (olderThanMs: number): void => {
    for (const [id, { at }] of pending) {
      if (performance.now() - at < olderThanMs) break;
      pending.delete(id);
      counts.unanswered++;
    }
  };
  const timer = setInterval(() => {
    const name = names[counts.sent % names.length]!;
    const id = counts.sent++ & 0xffff;
    pending.set(id, { name, at: performance.now() });
    socket.send(query(name, name.startsWith('_') ? TYPE.SRV : TYPE.A, { id }), Number(port), '127.0.0.1');
    age(WAIT_MS);
  }, EVERY_MS);
  stdin.resume().on('end', () => {
    clearInterval(timer);
    setTimeout(() => {
      age(0);
      socket.close();
      stdout.write(JSON.stringify(counts));
    }, WAIT_MS);
  });
}
