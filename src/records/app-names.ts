// The names that all tasks of one name share. They are made once and kept for the next tasks: making them anew would be most
// of the work, and the store knows again what it has noted in them.
import type { DiscoveryPort } from '../model/task.ts';
import type { LabelFunction } from './naming.ts';
import type { RecordWriter } from './writer.ts';

/** Names that all tasks of a framework end in, F being the framework's labels and D the domain. */
export interface FrameworkNames<N> {
  /** F as text; empty when the framework's name holds no letter or digit, and then nothing below has a name. */
  readonly fragment: string;
  /** `F.D.` */
  readonly plain: N;
  /** `_tcp.F.D.` */
  readonly tcp: N;
  readonly udp: N;
  /** `F.slave.D.`; the next two are `_tcp` and `_udp` below it. */
  readonly slave: N;
  readonly slaveTcp: N;
  readonly slaveUdp: N;
  /** By name, until all is forgotten. */
  readonly apps: Map<string, AppNames<N>>;
}

/** What of a domain these names are made with. */
interface Domain<N> {
  readonly writer: RecordWriter<N>;
  readonly label: LabelFunction;
  readonly listsAll: boolean;
}

/** Ports of one app whose names are kept. */
const PORTS_LIMIT = 100;

/** What instances have SRV records at, for one discovery port. */
interface PortOwners<N> {
  /** What they are kept by. */
  readonly protocol: string;
  readonly name: string;
  /** `all._N._proto.F.D.`, for the protocol of the port or for TCP and UDP when it says none: they list the ill, too. */
  readonly all: readonly N[];
  /** These, the same without `all.`, and the latter with `_P` in front, P being the port's name. */
  readonly every: readonly N[];
}

/** Where the names of an app are kept: `plain`, `slave`, ... */
const PLAIN = 0;
const SLAVE = 1;
const TCP = 2;
const UDP = 3;
const SLAVE_TCP = 4;
const SLAVE_UDP = 5;
const ALL = 6;
const ALL_TCP = 7;
const ALL_UDP = 8;

/** Names N.F.D and below, and the services at N. Each is made when it is first asked for; one that is none, every time. */
export class AppNames<N> {
  /** N. */
  readonly text: string;
  /** N as the writer wants it. */
  readonly name: string;
  /** N and F as `isFoundUnder` knows them: `web.marathon`. */
  readonly shared: string;
  readonly #domain: Domain<N>;
  readonly #framework: FrameworkNames<N>;
  readonly #names: (N | undefined)[] = [];
  readonly #ports: PortOwners<N>[] = [];

  constructor(domain: Domain<N>, framework: FrameworkNames<N>, text: string) {
    this.#domain = domain;
    this.#framework = framework;
    this.text = text;
    this.name = domain.writer.encode(text);
    this.shared = `${text}.${framework.fragment}`;
  }

  /** `N.F.D.` */
  get plain(): N {
    return this.#names[PLAIN] ?? this.#keep(PLAIN, this.name, this.#framework.plain);
  }

  /** `N.F.slave.D.` */
  get slave(): N {
    return this.#names[SLAVE] ?? this.#keep(SLAVE, this.name, this.#framework.slave);
  }

  /** `_N._tcp.F.D.` */
  get tcp(): N {
    return this.#names[TCP] ?? this.#keep(TCP, `_${this.name}`, this.#framework.tcp);
  }

  get udp(): N {
    return this.#names[UDP] ?? this.#keep(UDP, `_${this.name}`, this.#framework.udp);
  }

  /** `_N._tcp.F.slave.D.` */
  get slaveTcp(): N {
    return this.#names[SLAVE_TCP] ?? this.#keep(SLAVE_TCP, `_${this.name}`, this.#framework.slaveTcp);
  }

  get slaveUdp(): N {
    return this.#names[SLAVE_UDP] ?? this.#keep(SLAVE_UDP, `_${this.name}`, this.#framework.slaveUdp);
  }

  /** `all.N.F.D.`, and the services that list all instances. */
  get all(): N {
    return this.#names[ALL] ?? this.#keep(ALL, 'all', this.plain);
  }

  get allTcp(): N {
    return this.#names[ALL_TCP] ?? this.#keep(ALL_TCP, 'all', this.tcp);
  }

  get allUdp(): N {
    return this.#names[ALL_UDP] ?? this.#keep(ALL_UDP, 'all', this.udp);
  }

  /** Where a discovery port has its SRV records. */
  ofPort({ protocol, name }: DiscoveryPort): PortOwners<N> {
    for (const known of this.#ports) if (known.protocol === protocol && known.name === name) return known;
    const { label, listsAll, writer } = this.#domain;
    const services = this.#services(label(protocol));
    const portLabel = label(name);
    const named = portLabel === '' ? [] : services.map((service) => this.#under(`_${portLabel}`, service));
    const all = listsAll ? this.#allServices(label(protocol)) : [];
    const owners = { protocol, name, all, every: [...services, ...named, ...all] };
    if (owners.every.every((owner) => writer.isName(owner))) {
      if (this.#ports.length >= PORTS_LIMIT) this.#ports.length = 0;
      this.#ports.push(owners);
    }
    return owners;
  }

  #services(protocol: string): readonly N[] {
    if (protocol === '') return [this.tcp, this.udp];
    return [this.#service(protocol)];
  }

  #allServices(protocol: string): readonly N[] {
    if (protocol === '') return [this.allTcp, this.allUdp];
    if (protocol === 'tcp') return [this.allTcp];
    return protocol === 'udp' ? [this.allUdp] : [this.#under('all', this.#service(protocol))];
  }

  #service(protocol: string): N {
    if (protocol === 'tcp') return this.tcp;
    if (protocol === 'udp') return this.udp;
    return this.#under(`_${this.name}`, this.#under(`_${protocol}`, this.#framework.plain));
  }

  /** What is no name is not kept: each task that has it is to be told of it. */
  #keep(at: number, labels: string, parent: N): N {
    const name = this.#under(labels, parent);
    if (this.#domain.writer.isName(name)) this.#names[at] = name;
    return name;
  }

  #under(labels: string, parent: N): N {
    return this.#domain.writer.under(labels, parent);
  }
}
