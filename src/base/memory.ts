// What a large load leaves behind: the engine keeps the room that its garbage took, for garbage to come, and of a server that
// answers there is hardly any. So it is given back once, when the load is over.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'major'; execution: 'async'; flavor: 'last-resort' }) => Promise<void>;

/** Collects all garbage of this thread and gives its room back; takes this thread some 100 ms for each 100 MB that live. */
export async function giveBackMemory(): Promise<void> {
  // The engine's own call for it is hidden unless it is asked for.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  setFlagsFromString('--no-expose-gc');
  await collect({ type: 'major', execution: 'async', flavor: 'last-resort' });
}
