// The rule that all engine tests hold Portolan to, for a container and everybody who may ask: whatever is answered can be
// connected to, and whoever can connect is answered. The truth is found out by connecting to all places where a port could
// be: the container's addresses, and the host's, towards others and towards its containers, with every port that the
// engine published for it.
import type { Engine } from './engine.ts';
import { type Endpoint, endpointText, type Vantage } from './vantage.ts';

/** A container, or a service of several, and where it could be reached. */
export interface Target {
  /** Name that Portolan is asked for, with the zone. */
  readonly name: string;
  /** What its service may say: its own name, and those of containers that share its network. */
  readonly says: readonly string[];
  /** Every endpoint where a port (`80/tcp`) could be reached from anywhere. */
  readonly candidates: Readonly<Record<string, readonly Endpoint[]>>;
}

/** What was found from one place about one port. */
export interface Finding {
  readonly port: string;
  /** Endpoints that SRV and the addresses of its targets gave. */
  readonly answered: readonly string[];
  /** `4`, `6`, `46` or nothing: the families in which the port was reached, and in which it was answered. */
  readonly reachable: string;
  readonly families: string;
}

export interface Survey {
  readonly findings: readonly Finding[];
  /** What breaks the rule. */
  readonly faults: readonly string[];
}

interface Inspected {
  readonly HostConfig: { readonly NetworkMode: string };
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string; readonly GlobalIPv6Address: string }>>;
  };
}

/** Where a container's port could be, by what the engine says. @param port such as `80/tcp` */
export async function candidatesOf(engine: Engine, container: string, port: string): Promise<Endpoint[]> {
  const inspected = (await engine.api('GET', `/containers/${container}/json`)) as Inspected;
  const mode = inspected.HostConfig.NetworkMode;
  if (mode.startsWith('container:')) return candidatesOf(engine, mode.slice('container:'.length), port);
  const [number, protocol] = port.split('/') as [string, 'tcp' | 'udp'];
  const { Ports, Networks } = inspected.NetworkSettings;
  const own = Object.values(Networks).flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address]);
  const published = mode === 'host' ? [number] : (Ports[port] ?? []).map(({ HostPort }) => HostPort);
  const hosts = ['127.0.0.1', '::1', engine.ipv4, engine.ipv6, ...(await gatewaysOf(engine))];
  return [
    ...own.filter((address) => address !== '').map((address) => ({ protocol, address, port: Number(number) })),
    ...[...new Set(published)].flatMap((text) => hosts.map((address) => ({ protocol, address, port: Number(text) }))),
  ];
}

/** The host's addresses towards its containers. */
async function gatewaysOf(engine: Engine): Promise<string[]> {
  const networks = (await engine.api('GET', '/networks?filters={"driver":["bridge"]}')) as readonly {
    readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway?: string }[] | null };
  }[];
  // The default bridge does not tell: it has the first address.
  const first = (subnet: string) => (subnet.includes(':') ? [] : subnet.replace(/\d+\/\d+$/, '1'));
  return networks.flatMap(({ IPAM }) => (IPAM.Config ?? []).flatMap(({ Subnet, Gateway }) => Gateway ?? first(Subnet)));
}

function familiesOf(endpoints: readonly Endpoint[]): string {
  const has = (isSix: boolean) => endpoints.some(({ address }) => address.includes(':') === isSix);
  return `${has(false) ? '4' : ''}${has(true) ? '6' : ''}`;
}

/**
 * Asks and connects from one place.
 * @param expected families in which each port ought to be reached; where it is not, it gets a longer hearing
 */
export async function survey(
  vantage: Vantage,
  { name, says, candidates }: Target,
  expected: Readonly<Record<string, string>>,
): Promise<Survey> {
  const faults: string[] = [];
  const isReached = async (endpoint: Endpoint, isExpected: boolean) =>
    says.includes((await vantage.reach(endpoint, isExpected)) ?? '');
  const live: Endpoint[] = [];
  const findings = Object.keys(candidates).map(async (port): Promise<Finding> => {
    const [number, protocol] = port.split('/') as [string, 'tcp' | 'udp'];
    const places = candidates[port]!;
    const [{ endpoints }, glanced] = await Promise.all([
      vantage.locate(`_${number}._${protocol}.${name}`, protocol),
      filter(places, (place) => isReached(place, false)),
    ]);
    const isAsExpected = [...expected[port]!].every((family) => familiesOf(glanced).includes(family));
    const reached = isAsExpected ? glanced : await filter(places, (place) => isReached(place, true));
    const known = new Set(reached.map(endpointText));
    for (const endpoint of endpoints) {
      if (known.has(endpointText(endpoint)) || (await isReached(endpoint, true))) live.push(endpoint);
      else faults.push(`${port}: SRV leads to ${endpointText(endpoint)}, where it is not reached`);
    }
    live.push(...reached);
    if (reached.length > 0 && endpoints.length === 0)
      faults.push(`${port}: no SRV answer, though it is reached at ${listText(reached)}`);
    const [families, reachable] = [familiesOf(endpoints), familiesOf(reached)];
    return { port, answered: endpoints.map(endpointText), reachable, families };
  });
  const [found, ipv4, ipv6] = await Promise.all([
    Promise.all(findings),
    vantage.resolve(name, 'A'),
    vantage.resolve(name, 'AAAA'),
  ]);
  const addresses = new Set(live.map(({ address }) => address));
  for (const address of [...ipv4.data, ...ipv6.data])
    if (!addresses.has(address)) faults.push(`the address ${address} is answered, at which it is not reached`);
  if (addresses.size > 0 && ipv4.data.length + ipv6.data.length === 0) faults.push('no address, though it is reached');
  return { findings: found, faults };
}

function listText(endpoints: readonly Endpoint[]): string {
  return endpoints.map(endpointText).join(' ');
}

async function filter<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<T[]> {
  const verdicts = await Promise.all(items.map(holds));
  return items.filter((_, i) => verdicts[i]);
}

/** How long a state may take to show, milliseconds; only a failure takes that long. */
const SETTLE_MS = 10_000;

/** Repeats a look until it finds nothing wrong. @returns what the last look found */
export async function settled<T>(
  look: () => Promise<T>,
  isSettled: (found: T) => boolean,
  timeoutMs = SETTLE_MS,
): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const found = await look();
    if (isSettled(found) || Date.now() > deadline) return found;
  }
}
