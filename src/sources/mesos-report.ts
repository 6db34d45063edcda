// What of a master's state is reported, and when. A master that has just taken over knows a part of its agents only: it
// lists the others as recovered, and they come back one by one. Until they have, what it tells is added to what was known,
// and nothing is taken away for being absent (dcos-net waits alike, with its records frozen).
import type { Cluster, Problem } from '../model/cluster.ts';
import type { ClusterChange, SourceSink } from './source.ts';

export interface MesosReportOptions {
  readonly sink: SourceSink;
  /** Milliseconds for which agents are waited for; Mesos gives them up after 10 minutes itself. */
  readonly waitMs: number;
  /** Milliseconds from the return of the last agent until the state counts: its tasks are told after it. */
  readonly settleMs: number;
}

interface Held {
  cluster: () => Cluster;
  isSettling: boolean;
  timer: NodeJS.Timeout;
}

export class MesosReport {
  readonly #options: MesosReportOptions;
  #hasReported = false;
  #held: Held | undefined;
  /** Whether the wait of this connection is over: it is not begun again. */
  #hasWaited = false;

  constructor(options: MesosReportOptions) {
    this.#options = options;
  }

  /**
   * The state as a whole.
   * @param cluster gives it now, and again when the wait is over
   * @param missing agents that the master expects back
   */
  whole(cluster: () => Cluster, missing: number, problems: readonly Problem[]): void {
    const { sink, waitMs } = this.#options;
    if (!this.#held && (missing === 0 || this.#hasWaited)) {
      sink.snapshot(cluster(), problems);
      this.#hasReported = true;
      return;
    }
    if (this.#held) this.#held.cluster = cluster;
    else this.#held = { cluster, isSettling: false, timer: setTimeout(() => this.#release(), waitMs) };
    if (this.#hasReported) {
      const { tasks, agents, frameworks, masters } = cluster();
      sink.change({ tasks, agents, frameworks, masters }, problems);
    } else
      sink.trouble(
        `Cannot tell the whole state yet: a new leader waits for ${missing} agents to come back; that may take ${waitMs / 60_000} min`,
      );
    if (missing === 0) this.#settle();
  }

  /** What moved since; empty when the master is well and nothing did. */
  moved(change: ClusterChange, missing: number, problems: readonly Problem[]): void {
    if (!this.#held || this.#hasReported) this.#options.sink.change(change, problems);
    if (this.#held && missing === 0) this.#settle();
  }

  /** The connection ended; what was reported stays. */
  end(): void {
    clearTimeout(this.#held?.timer);
    this.#held = undefined;
    this.#hasWaited = false;
  }

  #settle(): void {
    const held = this.#held!;
    if (held.isSettling) return;
    held.isSettling = true;
    clearTimeout(held.timer);
    held.timer = setTimeout(() => this.#release(), this.#options.settleMs);
  }

  #release(): void {
    const { cluster } = this.#held!;
    this.#held = undefined;
    this.#hasWaited = true;
    this.#options.sink.snapshot(cluster());
    this.#hasReported = true;
  }
}
