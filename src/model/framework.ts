// Who started a task: a Mesos framework (Marathon, Chronos, ...), a Docker engine, a Swarm.

/** Systems whose tasks have names of their own kind; tasks of all others are named as Mesos-DNS names them. */
export type System = 'docker' | 'swarm';

export interface Framework {
  /** Unique in its source. */
  readonly id: string;
  readonly name: string;
  /** Whether its scheduler is connected. */
  readonly active: boolean;
  /** Host of its scheduler as reported, a name or an address; empty when it reported none. */
  readonly host: string;
  /** Port of its scheduler; known only for schedulers with a pid (`name@host:port`). */
  readonly port?: number | undefined;
  /** IPv4 and IPv6 addresses of the scheduler, textual; empty when `host` is a name that did not resolve. */
  readonly addresses: readonly string[];
  /** Absent for Mesos, Marathon and files. */
  readonly system?: System | undefined;
}
