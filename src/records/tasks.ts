// The records of a task in the Mesos domain, as Mesos-DNS makes them: for each name N of the task and its canonical
// name C, addresses at N.F.D and C.F.D, its agent's at N.F.slave.D and C.F.slave.D, and SRV records for its ports.
import type { Task } from '../model/task.ts';
import { isWell } from '../model/task.ts';
import type { MesosDomain, TaskData, TaskName } from './mesos-domain.ts';

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
  const shared = () => sharedName(domain, task, domain.label(task.discovery?.name ?? task.name));
  return isFoundUnder(shared, task, domain.exact);
}

/** A name as `isFoundUnder` knows it: `web.marathon`. */
export function sharedName<N>(domain: MesosDomain<N>, task: Task, name: string): string {
  return `${name}.${domain.framework(task.framework.name).fragment}`;
}

/**
 * Names under which a task is found. One with a discovery name has two: that name as it is, dots kept, and as a label;
 * its task name counts for nothing then.
 */
export function taskNames<N>(domain: MesosDomain<N>, task: Task): string[] {
  if (task.discovery === undefined) return [domain.label(task.name)];
  const { name } = task.discovery;
  const verbatim = domain.exact || !CAPITAL.test(name) ? name : lowerCase(name);
  const label = domain.label(name);
  return verbatim === label ? [label] : [verbatim, label];
}

const CAPITAL = /[A-Z]/;

/** Of ASCII alone, as DNS has it (RFC 4343). */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}

/** Weight of a task's SRV records. */
export function srvWeight<N>({ settings, exact }: MesosDomain<N>, task: Task): number {
  const { srvWeight } = settings.mesos;
  return exact || task.weight === undefined ? srvWeight : Math.min(65535, Math.round(srvWeight * task.weight));
}

/**
 * Writes all records of a task; none when it is not served.
 * @param report is told of ports and names that are left out
 */
export function writeMesosTask<N>(domain: MesosDomain<N>, task: Task, report: (why: string) => void): void {
  if (!isServed(task, domain.exact)) return;
  const data = dataOf(domain, task);
  domain.last = data;
  for (const name of data.names) {
    if (name.text === '') report('its name holds no letter or digit: only its canonical name is served');
    writeName(domain, task, name, data);
  }
  if (domain.framework(task.framework.name).fragment === '')
    report(`the name of its framework, "${task.framework.name}", holds no letter or digit: no names`);
  const dropped =
    task.hostPorts.length -
    data.hostPorts.length +
    (task.discovery?.ports.length ?? 0) -
    (data.discoveryPorts?.length ?? 0);
  if (dropped > 0) report(`${dropped} of its ports have no SRV records: expected 1 to 65535`);
}

/**
 * Writes what lists all instances, the ill ones too: `all.` in front of the names of a task and of its services.
 * Nothing in the exact mode.
 */
export function writeAllNames<N>(domain: MesosDomain<N>, task: Task): void {
  if (domain.exact || !isServed(task, false)) return;
  const { writer } = domain;
  // The rule before this one has just found it out.
  const { names, own, hostPorts, discoveryPorts, weight } =
    domain.last?.task === task ? domain.last : dataOf(domain, task);
  for (const { app, host, slaveHost } of names) {
    const owners = [app.all];
    for (const ip of own) writer.address(owners, ip);
    if (discoveryPorts === undefined)
      for (const port of hostPorts) writer.srv([app.allTcp, app.allUdp], slaveHost, port, weight);
    else for (const port of discoveryPorts) writer.srv(app.allServices(port), host, port.number, weight);
  }
}

function dataOf<N>(domain: MesosDomain<N>, task: Task): TaskData<N> {
  const { discovery } = task;
  return {
    task,
    names: taskNames(domain, task).map((text) => namesOf(domain, task, text)),
    own: domain.taskAddresses(task),
    agent: domain.agentAddresses(task.agent),
    hostPorts: task.hostPorts.filter((port) => domain.isPort(port)),
    discoveryPorts: discovery?.ports.filter(({ number }) => domain.isPort(number)),
    weight: srvWeight(domain, task),
  };
}

function namesOf<N>(domain: MesosDomain<N>, task: Task, text: string): TaskName<N> {
  const { writer } = domain;
  const { plain, slave } = domain.framework(task.framework.name);
  const app = domain.app(task.framework.name, text);
  const canonical = domain.canonical(app.name, domain.canonicalSuffix(task));
  return { text, app, host: writer.under(canonical, plain), slaveHost: writer.under(canonical, slave) };
}

function writeName<N>(domain: MesosDomain<N>, task: Task, name: TaskName<N>, data: TaskData<N>): void {
  const { writer } = domain;
  const { weight } = data;
  const { text, app, host, slaveHost } = name;
  const isFound = isFoundUnder(() => sharedName(domain, task, text), task, domain.exact);
  // The canonical name is the instance's own, and no one is sent there who did not ask for it.
  const plain = isFound ? [app.plain, host] : [host];
  const slave = isFound ? [app.slave, slaveHost] : [slaveHost];
  for (const ip of data.own) writer.address(plain, ip);
  for (const ip of data.agent) writer.address(slave, ip);
  if (!isFound) return;
  if (data.hostPorts.length > 0) {
    const owners = [app.slaveTcp, app.slaveUdp];
    if (data.discoveryPorts === undefined) owners.push(app.tcp, app.udp);
    for (const port of data.hostPorts) writer.srv(owners, slaveHost, port, weight);
  }
  for (const port of data.discoveryPorts ?? []) {
    writer.srv(app.services(port), host, port.number, weight);
    writer.srv(app.named(port), host, port.number, weight);
  }
}
