// Whether two reports say the same. Field by field, cheapest and most telling first, because a poll of 50,000 tasks in
// which nothing moved compares all of them.
import type { Agent } from '../model/agent.ts';
import type { Attachment, Container } from '../model/container.ts';
import type { Framework } from '../model/framework.ts';
import type { Masters } from '../model/masters.ts';
import type { Network, Subnet } from '../model/network.ts';
import type { Port, Vip } from '../model/port.ts';
import type { Replica, Service } from '../model/service.ts';
import type { Discovery, Task, TaskAddress } from '../model/task.ts';

/** All but `framework` and `agent`: those are compared once each, not once a task. */
export function isSameWork(a: Task, b: Task): boolean {
  return (
    a === b ||
    (a.id === b.id &&
      a.state === b.state &&
      a.healthy === b.healthy &&
      a.ready === b.ready &&
      a.name === b.name &&
      a.app === b.app &&
      a.runtime === b.runtime &&
      a.weight === b.weight &&
      isSameList(a.addresses, b.addresses, isSameAddress) &&
      isSameList(a.hostPorts, b.hostPorts, Object.is) &&
      isSameDiscovery(a.discovery, b.discovery) &&
      isSameList(a.ports, b.ports, isSamePort) &&
      isSameLabels(a.labels, b.labels) &&
      isSameReplica(a.replica, b.replica) &&
      isSameContainer(a.container, b.container) &&
      isSameServiceOfTask(a.service, b.service))
  );
}

export function isSameAgent(a: Agent, b: Agent): boolean {
  return (
    a === b ||
    (a.id === b.id &&
      a.hostname === b.hostname &&
      a.host === b.host &&
      a.port === b.port &&
      a.system === b.system &&
      a.isReady === b.isReady &&
      a.isManager === b.isManager &&
      isSameList(a.addresses, b.addresses, Object.is) &&
      isSameList(a.ownPrefixes, b.ownPrefixes, Object.is) &&
      isSameLabels(a.labels, b.labels))
  );
}

export function isSameFramework(a: Framework, b: Framework): boolean {
  return (
    a === b ||
    (a.id === b.id &&
      a.name === b.name &&
      a.active === b.active &&
      a.host === b.host &&
      a.port === b.port &&
      a.system === b.system &&
      isSameList(a.addresses, b.addresses, Object.is))
  );
}

export function isSameMasters(a: Masters | undefined, b: Masters | undefined): boolean {
  if (a === b) return true;
  if (!a || !b) return false;
  return (
    a.leader?.ip === b.leader?.ip &&
    a.leader?.port === b.leader?.port &&
    isSameList(a.all, b.all, (x, y) => x.ip === y.ip && x.port === y.port)
  );
}

export function isSameService(a: Service, b: Service): boolean {
  return a === b || (isSameServiceOfTask(a, b) && isSameList(a.ingress, b.ingress, isSameAgent));
}

export function isSameNetwork(a: Network, b: Network): boolean {
  return (
    a === b ||
    (a.id === b.id &&
      a.agent === b.agent &&
      a.isNear === b.isNear &&
      isSamePlace(a, b) &&
      isSameList(a.subnets, b.subnets, isSameSubnet) &&
      isSameList(a.guests, b.guests, (x, y) => x.address === y.address && x.network === y.network))
  );
}

/** All but the nodes that take its published ports: those are no concern of its tasks. */
function isSameServiceOfTask(a: Service | undefined, b: Service | undefined): boolean {
  if (a === b) return true;
  if (!a || !b) return false;
  return (
    a.id === b.id &&
    a.name === b.name &&
    a.stack === b.stack &&
    isSameFramework(a.framework, b.framework) &&
    isSameLabels(a.labels, b.labels) &&
    isSameList(
      a.ports,
      b.ports,
      (x, y) =>
        x.protocol === y.protocol &&
        x.targetPort === y.targetPort &&
        x.publishedPort === y.publishedPort &&
        x.mode === y.mode,
    ) &&
    isSameList(a.networks, b.networks, (x, y) => x.vip === y.vip && isSamePlace(x.network, y.network))
  );
}

function isSameReplica(a: Replica | undefined, b: Replica | undefined): boolean {
  return a === b || (a?.service === b?.service && a?.stack === b?.stack && a?.name === b?.name);
}

function isSameContainer(a: Container | undefined, b: Container | undefined): boolean {
  if (a === b) return true;
  if (!a || !b) return false;
  return (
    a.shortId === b.shortId &&
    a.hostname === b.hostname &&
    a.isOnHost === b.isOnHost &&
    isSameList(a.attachments, b.attachments, isSameAttachment) &&
    isSameList(
      a.links,
      b.links,
      (x, y) => x.alias === y.alias && x.linker === y.linker && isSameList(x.networks, y.networks, Object.is),
    )
  );
}

function isSameAttachment(a: Attachment, b: Attachment): boolean {
  return (
    isSamePlace(a.network, b.network) &&
    isSameList(a.addresses, b.addresses, Object.is) &&
    isSameList(a.aliases, b.aliases, Object.is)
  );
}

/** What of a network matters to those in it. */
function isSamePlace(a: Network, b: Network): boolean {
  return a.key === b.key && a.name === b.name && a.kind === b.kind && a.isInternal === b.isInternal;
}

function isSameSubnet(a: Subnet, b: Subnet): boolean {
  return a.address === b.address && a.length === b.length && a.gateway === b.gateway;
}

function isSameList<T>(
  a: readonly T[] | undefined,
  b: readonly T[] | undefined,
  isSame: (x: T, y: T) => boolean,
): boolean {
  if (a === b) return true;
  if (!a || !b || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isSame(a[i]!, b[i]!)) return false;
  return true;
}

function isSameLabels(
  a: Readonly<Record<string, string>> | undefined,
  b: Readonly<Record<string, string>> | undefined,
): boolean {
  if (a === b) return true;
  if (!a || !b) return false;
  let count = 0;
  for (const key in a) {
    if (a[key] !== b[key]) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

function isSameAddress(a: TaskAddress, b: TaskAddress): boolean {
  return a.ip === b.ip && a.origin === b.origin && a.network === b.network;
}

function isSameDiscovery(a: Discovery | undefined, b: Discovery | undefined): boolean {
  if (a === b) return true;
  if (!a || !b || a.name !== b.name) return false;
  return isSameList(
    a.ports,
    b.ports,
    (x, y) => x.number === y.number && x.name === y.name && x.protocol === y.protocol,
  );
}

function isSamePort(a: Port, b: Port): boolean {
  return (
    a.name === b.name &&
    a.protocol === b.protocol &&
    a.containerPort === b.containerPort &&
    a.hostPort === b.hostPort &&
    a.servicePort === b.servicePort &&
    a.index === b.index &&
    a.hostAddress === b.hostAddress &&
    isSameList(a.networks, b.networks, Object.is) &&
    isSameLabels(a.labels, b.labels) &&
    isSameList(a.vips, b.vips, isSameVip)
  );
}

function isSameVip(a: Vip, b: Vip): boolean {
  if (a.port !== b.port) return false;
  return a.kind === 'named' ? b.kind === 'named' && a.label === b.label : b.kind === 'literal' && a.ip === b.ip;
}
