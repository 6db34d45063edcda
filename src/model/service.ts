// What a task is a replica of: a service of a Swarm, or of a compose project.
import type { Agent } from './agent.ts';
import type { Framework } from './framework.ts';
import type { Network } from './network.ts';
import type { Protocol } from './port.ts';

/** Which replica of which service a task is. */
export interface Replica {
  readonly service: string;
  /** The compose project or the stack; absent when the service is in none. */
  readonly stack?: string | undefined;
  /** What tells it from its siblings: the container number, the slot, or the host name of its node (global services). */
  readonly name?: string | undefined;
}

export interface ServicePort {
  readonly protocol: Protocol;
  /** Where its tasks listen. */
  readonly targetPort: number;
  /** Where it is published; absent when each task has a port of its own. */
  readonly publishedPort?: number | undefined;
  /** `ingress`: at every node of the swarm; `host`: at the nodes with a task. */
  readonly mode: 'ingress' | 'host';
}

/** A network that a service is in, the swarm's plumbing (ingress) left out. */
export interface ServiceNetwork {
  readonly network: Network;
  /** The service's virtual address there, textual; absent when names are to give the tasks' own (dnsrr). */
  readonly vip?: string | undefined;
}

export interface Service {
  /** Unique in its source. */
  readonly id: string;
  /** As reported, with the stack's prefix: `shop_web`. */
  readonly name: string;
  readonly stack?: string | undefined;
  readonly framework: Framework;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  readonly networks: readonly ServiceNetwork[];
  /** The nodes that take its published (ingress) ports; empty when it has none. */
  readonly ingress: readonly Agent[];
}
