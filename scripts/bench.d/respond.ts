// Queries through the responder alone, without sockets: what one costs, and what it leaves on the heap.
import { readFileSync } from 'node:fs';
import { Responder, type ResponderSettings, Transport } from '../../src/answer/responder.ts';
import { counterSlice, createCounters } from '../../src/base/counters.ts';
import type { Image } from '../../src/zone/image.ts';
import { ImageReader } from '../../src/zone/image-reader.ts';
import { query, TYPE } from './wire-client.ts';

export interface RespondReport {
  /** Processor time for each, in nanoseconds. */
  readonly nanoseconds: number;
  /** Octets by which the heap has grown, garbage collected before and after. */
  readonly kept: number;
  /** Octets by which it has grown before garbage was collected; negative when that happened on the way. */
  readonly allocated: number;
}

/** Different questions that are asked in turn. */
const QUESTIONS = 20_000;

/** @param file questions as dnsperf reads them */
export function respondTo(
  image: Image,
  settings: ResponderSettings,
  { queries, file }: { readonly queries: number; readonly file: string },
): RespondReport {
  const { gc } = globalThis;
  if (!gc) throw new Error('Cannot measure the heap: start Node with --expose-gc');
  const lines = readFileSync(file, 'latin1').split('\n', QUESTIONS);
  const messages = lines
    .map((line) => line.split(' '))
    .map(([name, type], i) => query(i & 0xffff, name!, TYPE[type as keyof typeof TYPE]));
  const responder = new Responder(
    new ImageReader(image.control, image.buffers),
    settings,
    counterSlice(createCounters(1), 0),
  );
  const out = new Uint8Array(settings.maxUdpSize + 64);
  const respond = (): void => {
    for (let i = 0; i < queries; i++) {
      const message = messages[i % messages.length]!;
      if (responder.respond(message, 0, message.length, out, 0, Transport.UDP, 0) === 0)
        throw new Error('Cannot measure: the responder has no answer');
    }
  };
  // The first round fills the cache and has the code compiled.
  respond();
  gc();
  const before = process.memoryUsage().heapUsed;
  const cpu = process.cpuUsage();
  respond();
  const { user, system } = process.cpuUsage(cpu);
  const allocated = process.memoryUsage().heapUsed - before;
  gc();
  return {
    nanoseconds: ((user + system) * 1000) / queries,
    kept: process.memoryUsage().heapUsed - before,
    allocated,
  };
}
