// What a swarm of two nodes says of its services: the manager's own state, and the containers of each engine. Answers are
// compared with it, and connections are tried to where it leads.
import type { Engine, Lab } from './engine.ts';
import type { Endpoint } from './vantage.ts';

interface Summary {
  readonly Id: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Ports: readonly { readonly IP?: string; readonly PrivatePort: number; readonly PublicPort?: number }[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

interface Node {
  readonly ID: string;
  readonly Description: { readonly Hostname: string };
  readonly Status: { readonly State: string };
}

interface SwarmTask {
  readonly NodeID: string;
  readonly Status: {
    readonly State: string;
    readonly PortStatus?: { readonly Ports?: readonly { readonly PublishedPort: number }[] };
  };
  readonly NetworksAttachments?: readonly {
    readonly Network: { readonly Spec: { readonly Name: string } };
    readonly Addresses: readonly string[];
  }[];
}

/** The state of the swarm of a laboratory; its first node is the manager. */
export class SwarmState {
  readonly #lab: Lab;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Node 1 is the manager. */
  get #manager(): Engine {
    return this.#lab.engine;
  }

  /** What runs of a service on an engine. */
  async containersOf(engine: Engine, service: string): Promise<readonly Summary[]> {
    const all = (await engine.api('GET', '/containers/json')) as readonly Summary[];
    return all.filter(({ Labels }) => Labels['com.docker.swarm.service.name'] === service);
  }

  /** Where a service could be: at its containers in the overlay, or at the ports that its nodes have for them. */
  async placesOf(service: string, within: 'overlay' | 'nodes', engines: readonly Engine[]): Promise<Endpoint[]> {
    const places = engines.map(async (engine) =>
      (await this.containersOf(engine, service)).flatMap(({ Ports, NetworkSettings }): Endpoint[] => {
        const address = NetworkSettings.Networks.ov?.IPAddress;
        if (within === 'overlay') return address ? [{ protocol: 'tcp', address, port: 80 }] : [];
        return Ports.filter(({ IP, PublicPort }) => PublicPort !== undefined && !IP?.includes(':')).map(
          ({ PublicPort }) => ({
            protocol: 'tcp',
            address: engine.ipv4,
            port: PublicPort!,
          }),
        );
      }),
    );
    return (await Promise.all(places)).flat();
  }

  /** Addresses of the nodes that the manager counts as ready, by their ids. */
  async readyNodes(): Promise<ReadonlyMap<string, string>> {
    const nodes = ((await this.#manager.api('GET', '/nodes')) as readonly Node[]).filter(
      ({ Status }) => Status.State === 'ready',
    );
    const addressOf = ({ Description }: Node) =>
      this.#lab.engines.find(({ machine }) => machine.name === Description.Hostname)!.ipv4;
    return new Map(nodes.map((node) => [node.ID, addressOf(node)]));
  }

  /** Where the manager says that a service is: its tasks that run, are meant to, and are on a node that is ready. */
  async toldPlaces(service: string, within: 'overlay' | 'nodes'): Promise<string[]> {
    const filters = encodeURIComponent(JSON.stringify({ service: [service], 'desired-state': ['running'] }));
    const [tasks, nodes] = await Promise.all([
      this.#manager.api('GET', `/tasks?filters=${filters}`),
      this.readyNodes(),
    ]);
    const places = (tasks as readonly SwarmTask[])
      .filter(({ Status, NodeID }) => Status.State === 'running' && nodes.has(NodeID))
      .flatMap(({ NodeID, Status, NetworksAttachments }) =>
        within === 'overlay'
          ? (NetworksAttachments ?? [])
              .filter(({ Network }) => Network.Spec.Name === 'ov')
              .map(({ Addresses }) => `${Addresses[0]!.replace(/\/\d+$/, '')}:80/tcp`)
          : (Status.PortStatus?.Ports ?? []).map(({ PublishedPort }) => `${nodes.get(NodeID)}:${PublishedPort}/tcp`),
      );
    return [...new Set(places)].sort();
  }

  /** An ingress port at every node that the manager counts as ready. */
  async toldIngress(port: number): Promise<string[]> {
    return [...(await this.readyNodes()).values()].map((address) => `${address}:${port}/tcp`).sort();
  }
}
