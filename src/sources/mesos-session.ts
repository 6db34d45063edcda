// What the two ways to follow a master have in common: events (mesos-stream) and polling (mesos-poll).
import type { Counter } from '../base/metrics.ts';
import type { MasterAddress, Masters } from '../model/masters.ts';
import type { HttpClient } from './http.ts';
import type { MesosReport } from './mesos-report.ts';
import type { Resolve } from './reading.ts';

export interface SessionOptions {
  readonly client: HttpClient;
  /** The master to ask first: `http://192.0.2.1:5050`. It may send us on to the one that leads. */
  readonly origin: string;
  /** Ends the session. */
  readonly signal: AbortSignal;
  readonly report: MesosReport;
  /** Known addresses of host names. */
  readonly resolve: Resolve;
  /** The masters for their names, this one leading. */
  readonly masters: (leader: MasterAddress | undefined) => Masters | undefined;
  /** Called with the origin of the leader each time when it has told its whole state. */
  readonly onGood: (origin: string) => void;
  /** Milliseconds within which a whole state must have come. */
  readonly timeoutMs: number;
  readonly counters: SessionCounters;
}

export interface SessionCounters {
  /** Streams of events that were opened. */
  readonly streams: Counter;
  readonly events: Counter;
  readonly polls: Counter;
  /** Polls whose answer was the one before, octet for octet. */
  readonly samePolls: Counter;
}

/** One master being followed. */
export interface Session {
  /**
   * Resolves when another master leads.
   * @throws Error when the master cannot be followed (any more)
   */
  run(): Promise<void>;
  /** Host names or masters are known that were not: reports what that moves. */
  refresh(): void;
}
