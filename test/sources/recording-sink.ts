// A sink that writes down what a source reports, for tests to wait for.
import type { Cluster, Problem } from '../../src/model/cluster.ts';
import type { ClusterChange, SourceSink } from '../../src/sources/source.ts';

export type Report =
  | { readonly kind: 'snapshot'; readonly cluster: Cluster; readonly problems: readonly Problem[] }
  | { readonly kind: 'change'; readonly change: ClusterChange; readonly problems: readonly Problem[] }
  | { readonly kind: 'trouble'; readonly message: string };

export class RecordingSink implements SourceSink {
  readonly reports: Report[] = [];
  #waiting: (() => void)[] = [];

  snapshot(cluster: Cluster, problems: readonly Problem[] = []): void {
    this.#add({ kind: 'snapshot', cluster, problems });
  }

  change(change: ClusterChange, problems: readonly Problem[] = []): void {
    this.#add({ kind: 'change', change, problems });
  }

  trouble(message: string): void {
    this.#add({ kind: 'trouble', message });
  }

  /** The first report from now on, or among those already there, that fits; the test's own time limit ends the wait. */
  async until(fits: (report: Report) => boolean): Promise<Report> {
    for (let seen = 0; ; ) {
      for (; seen < this.reports.length; seen++) if (fits(this.reports[seen]!)) return this.reports[seen]!;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #add(report: Report): void {
    this.reports.push(report);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** Names of the tasks of a snapshot, sorted; undefined for other reports. */
export function taskNames(report: Report): string | undefined {
  if (report.kind !== 'snapshot') return undefined;
  return report.cluster.tasks
    .map(({ name }) => name)
    .sort()
    .join(' ');
}
