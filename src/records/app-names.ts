// The names that all tasks of one name share. They are made once and kept for the next tasks: instances of one app come
// one after another, and making their names anew would be most of the work.
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
  /** Of the tasks that were written last, by name. */
  readonly apps: Map<string, AppNames<N>>;
}

/** What of a domain these names are made with. */
interface Domain<N> {
  readonly writer: RecordWriter<N>;
  readonly label: LabelFunction;
}

/** Names N.F.D and below, and the services at N. Each is made when it is first asked for; one that is none, every time. */
export class AppNames<N> {
  /** N as the writer wants it. */
  readonly name: string;
  readonly #domain: Domain<N>;
  readonly #framework: FrameworkNames<N>;
  /** By what they are: `plain`, `all tcp`. */
  readonly #names = new Map<string, N>();
  /** By protocol of a port, and for those that have its name in front by both. */
  readonly #services = new Map<string, readonly N[]>();
  readonly #allServices = new Map<string, readonly N[]>();
  readonly #named = new Map<string, readonly N[]>();

  constructor(domain: Domain<N>, framework: FrameworkNames<N>, text: string) {
    this.#domain = domain;
    this.#framework = framework;
    this.name = domain.writer.encode(text);
  }

  /** `N.F.D.` */
  get plain(): N {
    return this.#kept('plain', () => this.#under(this.name, this.#framework.plain));
  }

  /** `N.F.slave.D.` */
  get slave(): N {
    return this.#kept('slave', () => this.#under(this.name, this.#framework.slave));
  }

  /** `_N._tcp.F.D.` */
  get tcp(): N {
    return this.#kept('tcp', () => this.#under(`_${this.name}`, this.#framework.tcp));
  }

  get udp(): N {
    return this.#kept('udp', () => this.#under(`_${this.name}`, this.#framework.udp));
  }

  /** `_N._tcp.F.slave.D.` */
  get slaveTcp(): N {
    return this.#kept('slave tcp', () => this.#under(`_${this.name}`, this.#framework.slaveTcp));
  }

  get slaveUdp(): N {
    return this.#kept('slave udp', () => this.#under(`_${this.name}`, this.#framework.slaveUdp));
  }

  /** `all.N.F.D.`, and the services that list all instances. */
  get all(): N {
    return this.#kept('all', () => this.#under('all', this.plain));
  }

  get allTcp(): N {
    return this.#kept('all tcp', () => this.#under('all', this.tcp));
  }

  get allUdp(): N {
    return this.#kept('all udp', () => this.#under('all', this.udp));
  }

  /** `_N._proto.F.D.` for the protocol of a discovery port, or for TCP and UDP when it says none. */
  services(port: DiscoveryPort): readonly N[] {
    return this.#ofPort(this.#services, port.protocol, port, (protocol) => {
      if (protocol === '') return [this.tcp, this.udp];
      return [this.#service(protocol)];
    });
  }

  /** The same with `all.` in front. */
  allServices(port: DiscoveryPort): readonly N[] {
    return this.#ofPort(this.#allServices, port.protocol, port, (protocol) => {
      if (protocol === '') return [this.allTcp, this.allUdp];
      if (protocol === 'tcp') return [this.allTcp];
      return protocol === 'udp' ? [this.allUdp] : [this.#under('all', this.#service(protocol))];
    });
  }

  /** `_P` in front of each service, P being the port's name; none when it has no usable one. */
  named(port: DiscoveryPort): readonly N[] {
    return this.#ofPort(this.#named, `${port.protocol} ${port.name}`, port, () => {
      const label = this.#domain.label(port.name);
      return label === '' ? [] : this.services(port).map((service) => this.#under(`_${label}`, service));
    });
  }

  #service(protocol: string): N {
    if (protocol === 'tcp') return this.tcp;
    if (protocol === 'udp') return this.udp;
    return this.#under(`_${this.name}`, this.#under(`_${protocol}`, this.#framework.plain));
  }

  #ofPort(
    kept: Map<string, readonly N[]>,
    key: string,
    { protocol }: DiscoveryPort,
    make: (protocol: string) => readonly N[],
  ): readonly N[] {
    let owners = kept.get(key);
    if (owners === undefined) {
      owners = make(this.#domain.label(protocol));
      if (owners.every((owner) => this.#domain.writer.isName(owner))) kept.set(key, owners);
    }
    return owners;
  }

  /** What is no name is not kept: each task that has it is to be told of it. */
  #kept(what: string, make: () => N): N {
    let name = this.#names.get(what);
    if (name === undefined) {
      name = make();
      if (this.#domain.writer.isName(name)) this.#names.set(what, name);
    }
    return name;
  }

  #under(labels: string, parent: N): N {
    return this.#domain.writer.under(labels, parent);
  }
}
