// The records in the Mesos domain that belong to no task: schedulers, agents, masters and the name server itself, as
// Mesos-DNS makes them. (Its documentation promises `_master._tcp`, too; it never made that, and neither does this.)
import type { Agent } from '../model/agent.ts';
import type { Framework } from '../model/framework.ts';
import type { MasterAddress, Masters } from '../model/masters.ts';
import type { MesosDomain } from './mesos-domain.ts';
import type { RecordSettings } from './settings.ts';

/** `F.D.` with the scheduler's addresses and, when its port is known, `_framework._tcp.F.D.` */
export function writeFramework<N>(domain: MesosDomain<N>, framework: Framework): void {
  const { writer } = domain;
  const { plain, tcp } = domain.framework(framework.name);
  for (const ip of framework.addresses) writer.address([plain], ip);
  if (framework.addresses.length > 0 && framework.port !== undefined && domain.isPort(framework.port))
    writer.srv([writer.under('_framework', tcp)], plain, framework.port, domain.settings.mesos.srvWeight);
}

/** `slave.D.` with the agent's addresses and `_slave._tcp.D.` with its port. */
export function writeAgent<N>(domain: MesosDomain<N>, agent: Agent): void {
  const { writer, apex } = domain;
  const slave = writer.under('slave', apex);
  for (const ip of domain.agentAddresses(agent)) writer.address([slave], ip);
  if (agent.port !== undefined && domain.isPort(agent.port))
    writer.srv([writer.under('_slave._tcp', apex)], slave, agent.port, domain.settings.mesos.srvWeight);
}

/** `leader.D.`, `_leader._tcp.D.` and `_leader._udp.D.`, `master.D.` and `master0.D.` onwards. */
export function writeMasters<N>(domain: MesosDomain<N>, masters: Masters): void {
  const { writer, apex } = domain;
  const master = writer.under('master', apex);
  const { leader } = masters;
  if (leader === undefined) return;
  const leaderName = writer.under('leader', apex);
  const services = ['_leader._tcp', '_leader._udp'].map((labels) => writer.under(labels, apex));
  writer.address([leaderName], leader.ip);
  writer.srv(services, leaderName, leader.port, domain.settings.mesos.srvWeight);
  for (const [number, ip] of numberedMasters(leader, masters.all).entries())
    writer.address([master, writer.under(`master${number}`, apex)], ip);
}

/**
 * Which master is `master0`, `master1`, ... (Mesos-DNS): the list's order, each address once. The leader takes its
 * place where its own entry (address and port) stands, or the one after the last.
 */
function numberedMasters(leader: MasterAddress, all: readonly MasterAddress[]): string[] {
  const numbered: string[] = [];
  const seen = new Set([leader.ip]);
  let leaderSeen = false;
  for (const { ip, port } of all) {
    if (ip === leader.ip && port === leader.port) {
      if (!leaderSeen) numbered.push(ip);
      leaderSeen = true;
    } else if (!seen.has(ip)) {
      seen.add(ip);
      numbered.push(ip);
    }
  }
  if (!leaderSeen) numbered.push(leader.ip);
  return numbered;
}

/** Whether the name server's own name lies in the domain; only then can its zone hold it. */
export function isSelfInside({ mesos }: RecordSettings): boolean {
  const name = withoutFinalDot(mesos.soa.mname).toLowerCase();
  return name === mesos.domain.toLowerCase() || name.endsWith(`.${mesos.domain.toLowerCase()}`);
}

/** The name server's own addresses at the name that SOA and NS give for it. */
export function writeSelf<N>({ writer, settings }: MesosDomain<N>): void {
  const { soa, selfAddresses } = settings.mesos;
  const name = writer.under(withoutFinalDot(soa.mname), writer.root);
  for (const ip of selfAddresses) writer.address([name], ip);
}

function withoutFinalDot(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text;
}
