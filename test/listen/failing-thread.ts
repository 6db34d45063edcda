// A thread of the pool whose responder fails at certain names: at throw.example.org it throws, at exit.example.org the
// thread ends on the spot.
import { parentPort, workerData } from 'node:worker_threads';
import { Responder } from '../../src/answer/responder.ts';
import { type WorkerData, work } from '../../src/listen/worker.ts';
import { HEADER } from '../../src/wire/query.ts';

const LABELS = ['throw', 'exit'] as const;

class FailingResponder extends Responder {
  override respond(...args: Parameters<Responder['respond']>): number {
    const [source, at] = args;
    const length = source[at + HEADER]!;
    const label = Buffer.from(source.subarray(at + HEADER + 1, at + HEADER + 1 + length)).toString('latin1');
    if (label === LABELS[0]) throw new Error('thrown for the test');
    if (label === LABELS[1]) process.exit(1);
    return super.respond(...args);
  }
}

if (parentPort) void work(parentPort, workerData as WorkerData, FailingResponder);
