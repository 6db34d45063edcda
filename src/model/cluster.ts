// What a source reports, in words that fit Mesos, Marathon, Docker and Swarm alike. No DNS word in here.
// Everything is immutable: a change is a new object under the same key.
import type { Agent } from './agent.ts';
import type { Framework } from './framework.ts';
import type { Masters } from './masters.ts';
import type { Network } from './network.ts';
import type { Service } from './service.ts';
import type { Task } from './task.ts';

/** All that one source knows at one moment. */
export interface Cluster {
  readonly tasks: readonly Task[];
  readonly agents: readonly Agent[];
  readonly frameworks: readonly Framework[];
  /** The masters of a Mesos cluster; absent where a source knows of none. */
  readonly masters?: Masters | undefined;
  /** Absent where a source knows no such thing; the same for networks. */
  readonly services?: readonly Service[] | undefined;
  readonly networks?: readonly Network[] | undefined;
}

/** Something that was reported and could not be used. It costs only itself. */
export interface Problem {
  /** The place, so that a person finds it: `frameworks[0].tasks[12] (task "web.1")`. */
  readonly where: string;
  /** What is wrong and what would be right. */
  readonly why: string;
}
