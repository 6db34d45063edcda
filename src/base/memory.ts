// Garbage is collected when there is need of room, and of a server that answers there hardly is any. So what is known to be
// garbage is collected when it is: what a large load left behind, and shared memory that nobody looks at any more.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

interface Collect {
  (options: { type: 'major'; execution: 'async'; flavor: 'last-resort' }): Promise<void>;
  (options: { type: 'major'; execution: 'sync' }): void;
}

/**
 * The engine's own call, which is hidden unless it is asked for. Undefined when another thread hides it at the same moment:
 * then the garbage waits for the next time.
 */
function collector(): Collect | undefined {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('globalThis.gc') as Collect | undefined;
  setFlagsFromString('--no-expose-gc');
  return collect;
}

/** Collects all garbage of this thread and gives its room back; takes this thread some 100 ms for each 100 MB that live. */
export async function giveBackMemory(): Promise<void> {
  await collector()?.({ type: 'major', execution: 'async', flavor: 'last-resort' });
}

/** Collects the garbage of a thread on whose heap there is little: some milliseconds. */
export function collectGarbage(): void {
  collector()?.({ type: 'major', execution: 'sync' });
}
