// What the rules of the Mesos domain share: the label function in force, the names of each framework, the addresses.
import type { Agent } from '../model/agent.ts';
import type { Task } from '../model/task.ts';
import type { FrameworkNames } from './app-names.ts';
import { AppNames } from './app-names.ts';
import type { LabelFunction } from './naming.ts';
import { agentTail, fittingCanonicalName, mesosFragment, mesosLabel952, mesosLabel1123, taskHash } from './naming.ts';
import type { RecordSettings } from './settings.ts';
import type { AddressCache, RecordWriter } from './writer.ts';

export class MesosDomain<N> {
  readonly writer: RecordWriter<N>;
  readonly settings: RecordSettings;
  readonly exact: boolean;
  /** Whether there is `all.` in front of names. The reference knows nothing of it, nor do its dumps. */
  readonly listsAll: boolean;
  /** `D.` */
  readonly apex: N;
  readonly label: LabelFunction;
  readonly #slave: N;
  readonly #addresses: AddressCache;
  readonly #frameworks = new Map<string, FrameworkNames<N>>();
  /** How many names of apps are kept, at some 2.5 kB each; what other zones keep of them is half as much again. */
  keptApps = 0;
  /** The task whose names were asked for last, and they. */
  #appsOf: Task | undefined;
  #apps: readonly AppNames<N>[] = [];
  #suffixOf: Task | undefined;
  #suffix = '';
  /** Frameworks whose names are kept; more than any cluster has at a time. */
  static readonly #FRAMEWORKS_LIMIT = 10_000;
  /** Names of apps that are kept: those of all but in the largest clusters. */
  static readonly #APPS_LIMIT = 50_000;

  constructor(writer: RecordWriter<N>, addresses: AddressCache, settings: RecordSettings, listsAll: boolean) {
    this.writer = writer;
    this.settings = settings;
    this.exact = settings.mode === 'exact';
    this.listsAll = listsAll;
    this.label = settings.mesos.enforceRfc952 ? mesosLabel952 : mesosLabel1123;
    this.apex = writer.under(settings.mesos.domain, writer.root);
    this.#slave = writer.under('slave', this.apex);
    this.#addresses = addresses;
  }

  /** Lets go of all names that it keeps. */
  forget(): void {
    this.#frameworks.clear();
    this.keptApps = 0;
    this.#appsOf = undefined;
    this.#apps = [];
  }

  /** Labels of a framework's name; empty when it has no usable character. */
  fragment(text: string): string {
    return mesosFragment(text, this.label);
  }

  framework(frameworkName: string): FrameworkNames<N> {
    let names = this.#frameworks.get(frameworkName);
    if (names === undefined) {
      const { writer } = this;
      const fragment = this.fragment(frameworkName);
      const plain = writer.under(fragment, this.apex);
      const slave = writer.under(fragment, this.#slave);
      names = {
        fragment,
        plain,
        tcp: writer.under('_tcp', plain),
        udp: writer.under('_udp', plain),
        slave,
        slaveTcp: writer.under('_tcp', slave),
        slaveUdp: writer.under('_udp', slave),
        apps: new Map(),
      };
      if (this.#frameworks.size >= MesosDomain.#FRAMEWORKS_LIMIT) this.forget();
      this.#frameworks.set(frameworkName, names);
    }
    return names;
  }

  /** The names of the tasks of a framework that have that name: `web`, or a discovery name with its dots. */
  #app(frameworkName: string, name: string): AppNames<N> {
    const known = this.framework(frameworkName).apps.get(name);
    if (known !== undefined) return known;
    if (this.keptApps >= MesosDomain.#APPS_LIMIT) this.forget();
    const framework = this.framework(frameworkName);
    const app = new AppNames(this, framework, name);
    framework.apps.set(name, app);
    this.keptApps++;
    return app;
  }

  /** The names that a task shares with others of its name: mostly those of the task before, as instances come together. */
  apps(task: Task): readonly AppNames<N>[] {
    const last = this.#appsOf;
    const isSame =
      last?.name === task.name &&
      last.discovery?.name === task.discovery?.name &&
      last.framework.name === task.framework.name;
    if (!isSame) this.#apps = this.#taskNames(task).map((text) => this.#app(task.framework.name, text));
    this.#appsOf = task;
    return this.#apps;
  }

  /** The one of them that is a label. */
  labelled(task: Task): AppNames<N> {
    return this.apps(task).at(-1)!;
  }

  /**
   * Names under which a task is found. One with a discovery name has two: that name as it is, dots kept, and as a label;
   * its task name counts for nothing then.
   */
  #taskNames(task: Task): string[] {
    if (task.discovery === undefined) return [this.label(task.name)];
    const { name } = task.discovery;
    const verbatim = this.exact || !CAPITAL.test(name) ? name : lowerCase(name);
    const label = this.label(name);
    return verbatim === label ? [label] : [verbatim, label];
  }

  /** What follows the name in a task's canonical name: `-7n7a6-s2`. */
  canonicalSuffix(task: Task): string {
    // Each rule that writes a task asks for it.
    if (this.#suffixOf === task) return this.#suffix;
    const tail = agentTail(task.agent.id);
    // Seven of the 63 octets go to the hash and its hyphens. Mesos' own tails (`s12`; `3` of old) pass unchanged, under
    // RFC 952, too: they are no label of their own.
    this.#suffix = `-${taskHash(task.id)}-${this.exact ? tail : mesosLabel1123(tail).slice(0, 56)}`;
    this.#suffixOf = task;
    return this.#suffix;
  }

  /** The canonical name C of a name N. The reference lets it grow over 63 octets, and then cannot answer its SRV. */
  canonical(name: string, suffix: string): string {
    return this.exact ? name + suffix : fittingCanonicalName(name, suffix);
  }

  /** Addresses of an agent. The reference lists one that has none under its host name, in place of an address. */
  agentAddresses(agent: Agent): readonly string[] {
    if (agent.addresses.length > 0 || !this.exact || agent.host === '') return agent.addresses;
    return [this.fragment(agent.host)];
  }

  /** Addresses of a task: all of the first source in `ipSources` that has any; empty when none has. */
  taskAddresses(task: Task): readonly string[] {
    for (const source of this.settings.mesos.ipSources) {
      const found: string[] = [];
      if (source === 'host') {
        for (const ip of task.agent.addresses) if (this.#addresses.octets(ip) !== undefined) found.push(ip);
      } else
        for (const { origin, ip } of task.addresses)
          if (origin === source && this.#addresses.octets(ip) !== undefined) found.push(ip);
      if (found.length > 0) return found;
    }
    return [];
  }

  /** Whether an SRV record may carry the port. The reference lets any number pass, cut to sixteen bits in replies. */
  readonly isPort = (port: number): boolean => this.exact || (Number.isInteger(port) && port >= 1 && port <= 65535);
}

const CAPITAL = /[A-Z]/;

/** Of ASCII alone, as DNS has it (RFC 4343). */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}
