// A machine that runs tasks: a Mesos agent, a Docker host, a Swarm node.
import type { System } from './framework.ts';

export interface Agent {
  /** Unique in its source. */
  readonly id: string;
  /** What the machine calls itself: a host name or an address, as reported. */
  readonly hostname: string;
  /** Host part of the address under which its cluster reaches it; a name or an address, as reported; may be empty. */
  readonly host: string;
  /** Port of the agent's own service, when reported. */
  readonly port?: number | undefined;
  /** IPv4 and IPv6 addresses of the machine, textual; `host` when that is an address, else what it resolved to. */
  readonly addresses: readonly string[];
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Absent for Mesos, Marathon and files. */
  readonly system?: System | undefined;
  /** False while its cluster cannot reach it; true when not said. */
  readonly isReady?: boolean | undefined;
  /** Whether it is one of those that keep the cluster's state. */
  readonly isManager?: boolean | undefined;
  /** Prefixes (`127.0.0.0/8`) under which programs on the machine itself reach this server; absent when it is far. */
  readonly ownPrefixes?: readonly string[] | undefined;
}
