// How long answers take to follow: what an engine says and what is answered are looked at side by side, until both are what
// they should come to.
import { setTimeout as delay } from 'node:timers/promises';

export interface Following {
  /** What the engine says should be answered. */
  readonly truth: () => Promise<readonly string[]>;
  readonly answers: () => Promise<readonly string[]>;
  /** Whether the change has come to its end. */
  readonly isFinal: (truth: readonly string[]) => boolean;
}

/** Milliseconds between two looks, and after which there is no hope; a node's daemon that is killed is missed after 5 s. */
const LOOK_MS = 20;
const GIVE_UP_MS = 30_000;

/**
 * Waits until the engine's state is final and the answers equal it.
 * @returns milliseconds from the look that showed the final state to the first answer that equalled it; 0 when the answers
 * were first
 * @throws Error with both when they do not come together
 */
export async function follow({ truth, answers, isFinal }: Following): Promise<number> {
  const deadline = Date.now() + GIVE_UP_MS;
  let said: string | undefined;
  let saidAt = 0;
  let answered: string | undefined;
  let answeredAt = 0;
  const isOver = (): boolean => (said !== undefined && said === answered) || Date.now() > deadline;
  const watchTruth = async (): Promise<void> => {
    for (; !isOver(); await delay(LOOK_MS)) {
      const found = await truth();
      const text = isFinal(found) ? found.join(' ') : undefined;
      if (text !== said) saidAt = Date.now();
      said = text;
    }
  };
  const watchAnswers = async (): Promise<void> => {
    for (; !isOver(); await delay(LOOK_MS)) {
      const text = (await answers()).join(' ');
      if (text !== answered) answeredAt = Date.now();
      answered = text;
    }
  };
  await Promise.all([watchTruth(), watchAnswers()]);
  if (said === undefined || said !== answered)
    throw new Error(`The answers do not follow: the engine says ${said ?? 'nothing final'}, answered is ${answered}`);
  return Math.max(0, answeredAt - saidAt);
}
