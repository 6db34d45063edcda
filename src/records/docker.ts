// The names of containers, and what each leads to: addresses, and SRV records by port name, number and service. A target
// has the families that the port is right for and no others: an engine may give a port two numbers, one a family.
import type { Protocol } from '../model/port.ts';
import type { Task } from '../model/task.ts';
import { isWell } from '../model/task.ts';
import { fold, nameToText, parseName } from '../wire/name.ts';
import { NameNode } from '../wire/name-node.ts';
import { SrvData } from '../wire/node-record.ts';
import { EVERYWHERE } from '../wire/views.ts';
import { audienceOf, EVERYBODY, NOBODY } from './audience.ts';
import type { Wishes } from './container-labels.ts';
import { readWishes } from './container-labels.ts';
import type { WantedName } from './container-names.ts';
import { containerLabels, containerNames, spellings } from './container-names.ts';
import type { Claim, NameClaims } from './name-claims.ts';
import { taskHash } from './naming.ts';
import { NamesBelow, NO_NODE, type NodeWriter } from './node-writer.ts';
import type { ReverseZones } from './reverse.ts';
import type { ContainerNameSettings } from './settings.ts';
import type { Offer, Vantage } from './vantages.ts';
import { containerVantages, numberOf } from './vantages.ts';
import type { ViewRegistry } from './view-registry.ts';
import { ViewedRecords, type ViewedSet } from './viewed-records.ts';
import type { AddressCache } from './writer.ts';

/** What makes the records of containers; see `records/index.ts`. */
export interface ContainerZone {
  readonly settings: ContainerNameSettings;
  readonly writer: NodeWriter;
  readonly addresses: AddressCache;
  readonly reverse: ReverseZones;
  readonly views: ViewRegistry;
  readonly claims: NameClaims;
}

/** A name that a container wants, as it stands below the zone. */
interface WantedOwner extends WantedName, Claim {
  readonly node: NameNode;
}

/** What a container asks for, and what of that cannot be had. */
interface Understood {
  readonly wishes: Wishes;
  readonly names: readonly WantedOwner[];
  /** All that is made below the zone for it. */
  readonly below: NamesBelow;
  readonly faults: readonly string[];
}

/** A place for names: the zone itself, or one of its fixed views. */
interface Place {
  readonly apex: NameNode;
  /** Above the names of services: `_tcp`, `_udp`. */
  readonly protocols: Readonly<Record<Protocol, NameNode>>;
}

export class ContainerRecords {
  readonly #zone: ContainerZone;
  readonly #place: Place;
  readonly #fixed: readonly (Place & { readonly kind: Vantage['kind'] })[];
  /** What follows a name where it is claimed. */
  readonly #suffix: string;
  readonly #understood = new WeakMap<Task, Understood>();

  constructor(zone: ContainerZone) {
    const { settings, writer } = zone;
    const apex = parseName(settings.domain);
    this.#zone = zone;
    this.#place = placeAt(NameNode.of(apex), writer);
    this.#fixed = settings.fixedViews.map((fixed) => ({
      ...placeAt(writer.under(fixed, this.#place.apex), writer),
      kind: fixed === 'inside' ? 'inside' : 'published',
    }));
    this.#suffix = `.${nameToText(fold(apex))}`;
  }

  /** A container is read for its claims and again for its records. */
  #read(task: Task): Understood {
    let understood = this.#understood.get(task);
    if (understood === undefined) {
      const faults: string[] = [];
      const wishes = readWishes(task.labels, this.#zone.settings, (why) => faults.push(why));
      const below = new NamesBelow(this.#zone.writer, this.#place.apex);
      const names: WantedOwner[] = [];
      if (!wishes.isIgnored)
        for (const { text, group, rank, within } of containerNames(task, wishes)) {
          const node = below.of(text);
          if (node !== NO_NODE) names.push({ text, group, rank, within, node, owner: text + this.#suffix });
        }
      understood = { wishes, names, below, faults };
      this.#understood.set(task, understood);
    }
    return understood;
  }

  /** The names that a container claims. */
  claims(task: Task): readonly Claim[] {
    return this.#read(task).names;
  }

  /** @param report is told of names and labels that are left out */
  write(task: Task, report: (why: string) => void): void {
    const { settings, addresses, views, writer } = this.#zone;
    const { wishes, names: wanted, below, faults } = this.#read(task);
    this.#understood.delete(task);
    for (const why of faults) report(why);
    if (wishes.isIgnored) return;
    const names = wanted.filter((name) => this.#isGranted(name, report));
    const vantages = containerVantages(withWishedPorts(task, wishes), views, settings.fromHost, wishes);
    const subject = { task, wishes, names, below, place: this.#place, records: new ViewedRecords(addresses, report) };
    this.#writePlace(subject, isWell(task) ? vantages : vantages.map((each) => ({ ...each, audience: NOBODY })));
    if (isWell(task)) for (const fixed of this.#fixed) this.#writeFixed(subject, vantages, fixed);
    subject.records.write(writer, wishes.ttl);
    this.#writeReverse(task, names);
  }

  /** Names whose view does not depend on who asks. */
  #writeFixed(subject: Subject, vantages: readonly Vantage[], place: Place & { readonly kind: Vantage['kind'] }): void {
    const seen = vantages.filter(({ kind }) => kind === place.kind);
    if (seen.length === 0) return;
    const below = new NamesBelow(this.#zone.writer, place.apex);
    const names = subject.names.map((name) => ({ ...name, node: below.of(name.text) }));
    this.#writePlace(
      { ...subject, names, below, place },
      seen.map((vantage) => ({ ...vantage, audience: EVERYBODY })),
    );
  }

  /** Writes what is below the zone, or below one of its fixed views. */
  #writePlace(subject: Subject, vantages: readonly Vantage[]): void {
    const { names } = subject;
    const everywhere = names.filter(({ within }) => within === undefined);
    this.#writeAt(subject, this.#gather(subject, vantages), everywhere, this.#services(subject));
    // Names of links are seen in the networks that both share, and nowhere else.
    for (const name of names)
      if (name.within !== undefined) {
        const { within } = name;
        const seen = vantages.filter(({ network }) => within.includes(network?.key ?? ''));
        this.#writeAt(subject, this.#gather(subject, seen), [name], []);
      }
  }

  /** What is said at each name that clients of these vantages see. */
  #gather({ task, wishes, below, records }: Subject, vantages: readonly Vantage[]): Said {
    const addresses = records.set();
    const ports = new Map<number, PortSaid>();
    for (const vantage of vantages) {
      const { ips, offers, audience } = vantage;
      addresses.addresses(ips, audience);
      const targets = new Targets(task.container!.shortId, vantage, below, records);
      for (const offer of offers) {
        const { containerPort, protocol, port } = offer;
        const number = numberOf(containerPort, protocol);
        let said = ports.get(number);
        if (said === undefined) {
          if (isIgnored(wishes, containerPort, protocol)) continue;
          said = { protocol, labels: portLabels(wishes, offer), set: records.set() };
          ports.set(number, said);
        }
        const data = new SrvData(wishes.priority, wishes.weight, port, targets.of(offer));
        said.set.srv(data, audienceOf(audience, offer.ips));
      }
    }
    if (isWell(task)) for (const line of wishes.txt) addresses.txt(line, EVERYWHERE);
    addresses.keep();
    return { addresses, ports };
  }

  /** @param services what also has the records of all ports */
  #writeAt(
    { wishes, below, place }: Subject,
    { addresses, ports }: Said,
    names: readonly WantedOwner[],
    services: readonly ServiceOwner[],
  ): void {
    const { writer } = this.#zone;
    const owners = names.map(({ node }) => node);
    addresses.write(writer, owners, wishes.ttl);
    const known: Partial<Record<Protocol, { readonly parents: NameNode[]; readonly services: NameNode[] }>> = {};
    for (const { protocol, labels, set } of ports.values()) {
      known[protocol] ??= {
        parents: owners.map((owner) => writer.under(`_${protocol}`, owner)),
        services: services.map(({ label, rest }) =>
          writer.under(label, rest === '' ? place.protocols[protocol] : writer.under(`_${protocol}`, below.of(rest))),
        ),
      };
      const at = [...known[protocol].services];
      for (const label of labels) for (const parent of known[protocol].parents) at.push(writer.under(label, parent));
      set.write(writer, at, wishes.ttl);
    }
  }

  /** `_web._tcp.docker`, `_api._tcp.shop.docker`: the service before the protocol, as in Mesos-DNS. */
  #services({ task, names }: Subject): ServiceOwner[] {
    const { service, stack } = task.replica ?? { service: task.name };
    return serviceOwners(service, stack).filter(({ text }) => names.some((name) => name.text === text));
  }

  #isGranted({ text, group, owner }: WantedOwner, report: (why: string) => void): boolean {
    const { claims, settings } = this.#zone;
    if (claims.isGranted(owner, group)) return true;
    report(`the name ${text}.${settings.domain} is left to ${claims.winner(owner)}`);
    return false;
  }

  /** An address is called by the container's own name, which comes after its id. */
  #writeReverse(task: Task, [id, name = id]: readonly WantedOwner[]): void {
    const { reverse } = this.#zone;
    if (name === undefined || reverse.isEmpty) return;
    for (const { ip } of task.addresses) reverse.write(ip, name.node.octets);
  }
}

function placeAt(apex: NameNode, writer: NodeWriter): Place {
  return { apex, protocols: { tcp: writer.under('_tcp', apex), udp: writer.under('_udp', apex) } };
}

/** Where SRV records of a service are, the service before the protocol (Mesos-DNS): `_api._tcp.shop`. */
export interface ServiceOwner {
  /** The name of the service that it belongs to: `api.shop`. */
  readonly text: string;
  /** In front of the protocol: `_api`. */
  readonly label: string;
  /** Behind the protocol; empty when nothing is: `shop`. */
  readonly rest: string;
}

/** @returns none for a name with a dot, which is no one label */
export function serviceOwners(service: string, stack: string | undefined): ServiceOwner[] {
  const first = containerLabels(service);
  const rest = stack === undefined ? '' : containerLabels(stack);
  if (first === '' || first.includes('.') || (stack !== undefined && rest === '')) return [];
  return spellings(rest === '' ? first : `${first}.${rest}`).map((text) => {
    const end = rest === '' ? text.length : first.length;
    return { text, label: `_${text.slice(0, Math.min(end, 62))}`, rest: text.slice(end + 1) };
  });
}

/** What the records of one container are made of. */
interface Subject {
  readonly task: Task;
  readonly wishes: Wishes;
  readonly names: readonly WantedOwner[];
  readonly place: Place;
  /** The names that are made for it there. */
  readonly below: NamesBelow;
  /** Of its targets. */
  readonly records: ViewedRecords;
}

/** What is said at and below each of a container's names. */
interface Said {
  readonly addresses: ViewedSet;
  /** By `numberOf`. */
  readonly ports: ReadonlyMap<number, PortSaid>;
}

/** What is said of a port. */
interface PortSaid {
  readonly protocol: Protocol;
  /** `_80`, `_http`. */
  readonly labels: readonly string[];
  readonly set: ViewedSet;
}

/** Ports that only a label tells of count as exposed. */
function withWishedPorts(task: Task, wishes: Wishes): Task {
  if (wishes.ports.length === 0) return task;
  const more = wishes.ports
    .filter(
      ({ number, name }) => name !== undefined && !task.ports.some(({ containerPort }) => containerPort === number),
    )
    .map(({ number, protocol = 'tcp' }) => ({ containerPort: number, protocol }));
  if (more.length === 0) return task;
  const onHost = task.container!.isOnHost ? more.map((port) => ({ ...port, hostPort: port.containerPort })) : more;
  return { ...task, ports: [...task.ports, ...onHost] };
}

/** Whether a label keeps a port out. */
export function isIgnored({ ports }: Wishes, number: number, protocol: string): boolean {
  return ports.some(
    (port) => port.isIgnored && port.number === number && (port.protocol === undefined || port.protocol === protocol),
  );
}

/** `_80`, and `_http` when a label names it so. */
export function portLabels(
  { ports }: Wishes,
  { containerPort, protocol }: Pick<Offer, 'containerPort' | 'protocol'>,
): string[] {
  const labels = [`_${containerPort}`];
  for (const port of ports) {
    if (port.number !== containerPort || (port.protocol !== undefined && port.protocol !== protocol)) continue;
    // One octet of the label goes to the underscore.
    const name = containerLabels(port.name ?? '')
      .replaceAll('.', '-')
      .slice(0, 62);
    if (name !== '') labels.push(`_${name}`);
  }
  return labels;
}

/** The names that SRV records of one container point to, for clients of one vantage. */
export class Targets {
  readonly #base: string;
  readonly #vantage: Pick<Vantage, 'ips' | 'audience'>;
  readonly #below: NamesBelow;
  readonly #records: ViewedRecords;

  /** @param base a name of the container alone, whose addresses are all of the vantage */
  constructor(base: string, vantage: Pick<Vantage, 'ips' | 'audience'>, below: NamesBelow, records: ViewedRecords) {
    this.#base = base;
    this.#vantage = vantage;
    this.#below = below;
    this.#records = records;
  }

  /** The target that has just the addresses of an offer. */
  of({ ips }: Pick<Offer, 'ips'>): NameNode {
    const { ips: all, audience } = this.#vantage;
    if (isSameSet(ips, all)) return this.#below.of(this.#base);
    const [v4, v6] = [all.filter((ip) => !ip.includes(':')), all.filter((ip) => ip.includes(':'))];
    const part = isSameSet(ips, v4) ? 'v4' : isSameSet(ips, v6) ? 'v6' : taskHash([...ips].sort().join());
    const target = this.#below.of(`${this.#base}-${part}`);
    this.#records.at(target).addresses(ips, audience);
    return target;
  }
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((ip) => b.includes(ip)));
}
