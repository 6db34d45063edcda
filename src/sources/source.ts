// What a source is: something outside that tells which tasks run where. Knows no DNS.

import type { Agent } from '../model/agent.ts';
import type { Cluster, Problem } from '../model/cluster.ts';
import type { Framework } from '../model/framework.ts';
import type { Masters } from '../model/masters.ts';
import type { Network } from '../model/network.ts';
import type { Service } from '../model/service.ts';
import type { Task } from '../model/task.ts';

/** A part of a cluster that moved. What is not named stays as it was. */
export interface ClusterChange {
  /** New or changed; each replaces the one with its key. */
  readonly tasks?: readonly Task[] | undefined;
  /** Keys of tasks that are gone (`taskKey`). */
  readonly removedTasks?: readonly string[] | undefined;
  readonly agents?: readonly Agent[] | undefined;
  readonly removedAgents?: readonly string[] | undefined;
  readonly frameworks?: readonly Framework[] | undefined;
  readonly removedFrameworks?: readonly string[] | undefined;
  readonly services?: readonly Service[] | undefined;
  readonly removedServices?: readonly string[] | undefined;
  readonly networks?: readonly Network[] | undefined;
  readonly removedNetworks?: readonly string[] | undefined;
  /** `null`: no longer known. */
  readonly masters?: Masters | null | undefined;
}

/**
 * Where a source reports to. A source calls `snapshot` with all that it knows before anything else, then either
 * `snapshot` again or `change`; need not know whether anything really changed; and on any failure calls `trouble`
 * instead of reporting a part: what it reported last stays in force.
 */
export interface SourceSink {
  /** All that the source knows; what is missing in it is gone. `problems`: entries left out, and why. */
  snapshot(cluster: Cluster, problems?: readonly Problem[]): void;
  change(change: ClusterChange, problems?: readonly Problem[]): void;
  /** The source cannot be read now; the message says what was tried, what happened and, if known, the cure. */
  trouble(message: string): void;
}

export interface Source {
  /** Unique, shown in logs and metrics: `file zones/demo.json`. */
  readonly name: string;
  /** Starts to report; resolves once the first attempt has ended, whether in a snapshot or in trouble. */
  start(sink: SourceSink): Promise<void>;
  /** Ends all work; nothing is reported after it resolves. */
  stop(): Promise<void>;
}
