// The records of a task in the Mesos domain, as Mesos-DNS makes them: for each name N of the task and its canonical
// name C, addresses at N.F.D and C.F.D, its agent's at N.F.slave.D and C.F.slave.D, and SRV records for its ports.
import type { DiscoveryPort, Task } from '../model/task.ts';
import { isWell } from '../model/task.ts';
import type { AppNames, FrameworkNames } from './app-names.ts';
import type { MesosDomain } from './mesos-domain.ts';

/** Whether a task has names at all: it runs; but for the exact mode, be it for its last seconds. */
export function isServed({ state }: Task, exact: boolean): boolean {
  return state === 'running' || (!exact && state === 'killing');
}

/**
 * Whether a task is answered under a name that it shares with others. A task that is ill is not, unless all others there
 * are ill, too; in the exact mode it is.
 * @param shared one of those that `RecordBuilder.sharedNames` gives; asked for only where something depends on it
 */
export function isFoundUnder(shared: () => string, task: Task, exact: boolean): boolean {
  if (exact) return task.state === 'running';
  const { standing } = task;
  return standing ? standing.isIn || standing.keptUnder.includes(shared()) : isWell(task);
}

/** Whether a task is found under its label, which its names outside of the Mesos domain go by, too. */
export function isFoundByLabel<N>(domain: MesosDomain<N>, task: Task): boolean {
  return isFoundUnder(() => domain.labelled(task).shared, task, domain.exact);
}

/** Weight of a task's SRV records. */
export function srvWeight<N>({ settings, exact }: MesosDomain<N>, task: Task): number {
  const { srvWeight } = settings.mesos;
  return exact || task.weight === undefined ? srvWeight : Math.min(65535, Math.round(srvWeight * task.weight));
}

/**
 * Writes all records of a task; none when it is not served. Where the domain has them, `all.` in front of the names of a
 * task and of its services lists all instances, the ill ones, too.
 * @param report is told of ports and names that are left out
 */
export function writeMesosTask<N>(domain: MesosDomain<N>, task: Task, report: (why: string) => void): void {
  if (!isServed(task, domain.exact)) return;
  const framework = domain.framework(task.framework.name);
  const suffix = domain.canonicalSuffix(task);
  const data = dataOf(domain, task);
  for (const app of domain.apps(task)) {
    if (app.text === '') report('its name holds no letter or digit: only its canonical name is served');
    writeName(domain, framework, task, app, suffix, data);
  }
  if (framework.fragment === '')
    report(`the name of its framework, "${task.framework.name}", holds no letter or digit: no names`);
  const dropped =
    task.hostPorts.length -
    data.hostPorts.length +
    (task.discovery?.ports.length ?? 0) -
    (data.discoveryPorts?.length ?? 0);
  if (dropped > 0) report(`${dropped} of its ports have no SRV records: expected 1 to 65535`);
}

/** What a task's records say, the same under each of its names. Ports without an SRV record are left out. */
interface TaskData {
  readonly own: readonly string[];
  readonly agent: readonly string[];
  readonly hostPorts: readonly number[];
  /** Undefined when the task has no discovery name. */
  readonly discoveryPorts: readonly DiscoveryPort[] | undefined;
  readonly weight: number;
}

function dataOf<N>(domain: MesosDomain<N>, task: Task): TaskData {
  const { hostPorts, discovery } = task;
  return {
    own: domain.taskAddresses(task),
    agent: domain.agentAddresses(task.agent),
    hostPorts: hostPorts.every(domain.isPort) ? hostPorts : hostPorts.filter(domain.isPort),
    discoveryPorts: discovery?.ports.filter(({ number }) => domain.isPort(number)),
    weight: srvWeight(domain, task),
  };
}

function writeName<N>(
  domain: MesosDomain<N>,
  framework: FrameworkNames<N>,
  task: Task,
  app: AppNames<N>,
  suffix: string,
  { own, agent, hostPorts, discoveryPorts, weight }: TaskData,
): void {
  const { writer, listsAll } = domain;
  const canonical = domain.canonical(app.name, suffix);
  // The canonical name is the instance's own, and no one is sent there who did not ask for it.
  const host = writer.under(canonical, framework.plain);
  const slaveHost = writer.under(canonical, framework.slave);
  const isFound = isFoundUnder(() => app.shared, task, domain.exact);
  const plain = isFound ? [app.plain, host] : [host];
  if (listsAll) plain.push(app.all);
  for (const ip of own) writer.address(plain, ip);
  const slave = isFound ? [app.slave, slaveHost] : [slaveHost];
  for (const ip of agent) writer.address(slave, ip);
  if (hostPorts.length > 0) {
    const owners: N[] = [];
    if (isFound) owners.push(app.slaveTcp, app.slaveUdp);
    if (discoveryPorts === undefined) {
      if (isFound) owners.push(app.tcp, app.udp);
      if (listsAll) owners.push(app.allTcp, app.allUdp);
    }
    for (const port of hostPorts) writer.srv(owners, slaveHost, port, weight);
  }
  for (const port of discoveryPorts ?? NO_PORTS) {
    const { every, all } = app.ofPort(port);
    writer.srv(isFound ? every : all, host, port.number, weight);
  }
}

const NO_PORTS: readonly DiscoveryPort[] = Object.freeze([]);
