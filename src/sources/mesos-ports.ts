// The ports of a Mesos task, gathered from three places and merged as dcos-net merges them: the port mappings of its
// container, its port resources with `VIP_PORT<n>` labels, and the ports that it wants to be found by (DiscoveryInfo).
import type { Port, Protocol } from '../model/port.ts';
import type { DiscoveryPort } from '../model/task.ts';
import { MAX_PORT } from './address.ts';
import type { Fields } from './fields.ts';
import { listOf, objectOf, show, textOf } from './fields.ts';
import { NO_LABELS, NONE } from './reading.ts';
import { sharedLabels, sharedNetwork, sharedText, sharedVips } from './sharing.ts';
import { parseVip, uniteVips } from './vip.ts';

/** Names a part of the entry being read (`.discovery.ports[0]`) and what is wrong with it. */
export type Complain = (part: string, why: string) => void;

/** Port numbers of one task: what one address has. Texts that list more (by repeating) are cut there. */
const MAX_PORTS = 65_536;

/** Mesos labels, a list in /state and an object with a list in the operator API, as a record. */
export function labelsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = Array.isArray(value) ? value : listOf(objectOf(value).labels);
  if (entries.length === 0) return NO_LABELS;
  const labels: Record<string, string> = {};
  for (const entry of entries) {
    const { key, value: text } = objectOf(entry);
    if (typeof key === 'string') labels[key] = typeof text === 'string' ? text : '';
  }
  return labels;
}

/**
 * The host ports of a task's resources, ranges written out in order.
 * @param resources `{ports: "[31000-31001, 31005-31005]"}` in /state, a list of Resource in the operator API
 * @returns undefined when the message says nothing of resources
 */
export function hostPortsOf(resources: unknown, complain: Complain): readonly number[] | undefined {
  if (Array.isArray(resources)) {
    const ports: number[] = [];
    for (const resource of resources) {
      const { name, ranges } = objectOf(resource);
      if (name !== 'ports') continue;
      for (const range of listOf(objectOf(ranges).range)) {
        const { begin, end } = objectOf(range);
        addRange(ports, Number(begin), Number(end), complain);
      }
    }
    return ports;
  }
  if (resources === undefined || resources === null) return undefined;
  const { ports: text } = objectOf(resources);
  if (text === undefined || text === null) return NONE;
  if (typeof text === 'string') return portsOfText(text, complain);
  complain('.resources.ports', `expected a text such as "[31000-31001]", got ${show(text)}`);
  return NONE;
}

function portsOfText(text: string, complain: Complain): readonly number[] {
  const ports: number[] = [];
  const list = /^\s*\[(.*)\]\s*$/.exec(text)?.[1];
  if (list === undefined)
    complain(
      '.resources.ports',
      `expected ranges in brackets such as "[31000-31001]", got ${show(text)}; read as if in brackets`,
    );
  for (const part of (list ?? text).split(',')) {
    const range = /^\s*(\d{1,10})(?:-(\d{1,10}))?\s*$/.exec(part);
    if (range) {
      if (range[2] === undefined)
        complain(
          '.resources.ports',
          `expected a range such as "31000-31000", got ${show(part.trim())}; read as this one port`,
        );
      addRange(ports, Number(range[1]), Number(range[2] ?? range[1]), complain);
    } else if (part.trim() !== '')
      complain(
        '.resources.ports',
        `expected a range such as "31000-31001", got ${show(part.trim())}; the range is left out`,
      );
  }
  return ports;
}

function addRange(ports: number[], begin: number, end: number, complain: Complain): void {
  if (!(begin >= 0 && end >= begin && end <= MAX_PORT)) {
    complain(
      '.resources.ports',
      `expected a range within 0-${MAX_PORT}, got ${begin}-${end}; what lies outside is left out`,
    );
    if (!(begin >= 0 && end >= begin)) return;
    end = Math.min(end, MAX_PORT);
  }
  for (let port = begin; port <= end; port++) {
    if (ports.length === MAX_PORTS) {
      complain('.resources.ports', `expected at most ${MAX_PORTS} ports, got more; the rest is left out`);
      return;
    }
    ports.push(port);
  }
}

/** The ports of DiscoveryInfo as reported; one whose number cannot be read is left out. */
export function discoveryPortsOf(discovery: Fields, complain: Complain): readonly DiscoveryPort[] {
  const entries = listOf(objectOf(discovery.ports).ports);
  if (entries.length === 0) return NONE;
  const ports: DiscoveryPort[] = [];
  for (let i = 0; i < entries.length; i++) {
    const { number: raw, name, protocol } = objectOf(entries[i]);
    const number = portNumber(raw, `.discovery.ports.ports[${i}].number`, complain);
    if (number !== undefined)
      ports.push({ number, name: sharedText(textOf(name) ?? ''), protocol: sharedText(textOf(protocol) ?? '') });
  }
  return ports;
}

/** A port number; a text of digits is read as the number that it spells, and complained of. */
function portNumber(raw: unknown, part: string, complain?: Complain): number | undefined {
  if (typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= 0) return raw;
  if (typeof raw === 'string' && /^\d{1,10}$/.test(raw)) {
    complain?.(part, `expected a number, got the text ${show(raw)}; read as ${Number(raw)}`);
    return Number(raw);
  }
  complain?.(part, `expected a number, got ${show(raw)}; the port is left out`);
  return undefined;
}

function protocolOf(raw: unknown): Protocol | undefined {
  if (raw === 'tcp' || raw === 'udp') return raw;
  const text = typeof raw === 'string' ? raw.toLowerCase() : '';
  return text === 'tcp' || text === 'udp' ? text : undefined;
}

/** All fields, so that all ports have one shape: the comparison of 100,000 of them depends on it. */
function makePort(protocol: Protocol, fields: Partial<Port>): Port {
  return {
    name: fields.name && sharedText(fields.name),
    protocol,
    containerPort: fields.containerPort,
    hostPort: fields.hostPort,
    networks: fields.networks,
    labels: fields.labels && sharedLabels(fields.labels),
    vips: fields.vips && sharedVips(fields.vips),
  };
}

/** Port mappings of a container; of a status where the container has no networks of its own (tasks of a pod). */
export function mappedPorts(container: Fields, statusNetworks: readonly unknown[]): readonly Port[] {
  let mappings: readonly unknown[];
  if (container.type === 'DOCKER') mappings = listOf(objectOf(container.docker).port_mappings);
  else {
    const own = listOf(container.network_infos);
    const networks = own.length > 0 ? own : statusNetworks;
    if (networks.length === 0) return NONE;
    mappings = networks.flatMap((network) => listOf(objectOf(network).port_mappings));
  }
  if (mappings.length === 0) return NONE;
  const ports: Port[] = [];
  for (const mapping of mappings) {
    const { container_port, host_port, protocol: raw } = objectOf(mapping);
    const protocol = protocolOf(raw ?? 'tcp');
    if (protocol)
      ports.push(makePort(protocol, { containerPort: usable(container_port), hostPort: usable(host_port) }));
  }
  return ports;
}

/** A number that a port can have; 0 stands for "none". */
function usable(raw: unknown): number | undefined {
  return typeof raw === 'number' && Number.isInteger(raw) && raw > 0 && raw <= MAX_PORT ? raw : undefined;
}

/** The ports for which a task label `VIP_PORT<n>=tcp://label:port` asks a virtual address; n counts the host ports. */
export function resourcePorts(
  labels: Readonly<Record<string, string>>,
  hostPorts: readonly number[],
  complain: Complain,
): readonly Port[] {
  if (labels === NO_LABELS) return NONE;
  const ports: Port[] = [];
  for (const key in labels) {
    const index = /^vip_port(\d+)$/i.exec(key)?.[1];
    if (index === undefined) continue;
    const [, protocol, text] = /^(tcp|udp):\/\/(.*)$/.exec(labels[key]!) ?? [];
    const vip = text === undefined ? undefined : parseVip(text);
    const hostPort = hostPorts[Number(index)];
    if (!vip) complain(`.labels.${key}`, `expected tcp:// or udp:// and label:port, got ${show(labels[key])}`);
    else if (hostPort === undefined)
      complain(`.labels.${key}`, `expected the number of one of its ${hostPorts.length} host ports, got ${index}`);
    else ports.push(makePort(protocol === 'udp' ? 'udp' : 'tcp', { hostPort, vips: [vip] }));
  }
  return ports;
}

/** The ports of DiscoveryInfo as ports; those of other protocols and those numbered 0 are left out. */
export function discoveredPorts(discovery: Fields, mapped: readonly Port[], complain: Complain): readonly Port[] {
  const entries = listOf(objectOf(discovery.ports).ports);
  if (entries.length === 0) return NONE;
  const ports: Port[] = [];
  for (let i = 0; i < entries.length; i++) {
    const entry = objectOf(entries[i]);
    const protocol = protocolOf(entry.protocol);
    const number = portNumber(entry.number, '');
    if (!protocol || !number || number > MAX_PORT) continue;
    const labels = labelsOf(entry.labels);
    const network = labels['network-name'];
    const onHost =
      labels['network-scope'] === 'host' ||
      (labels['network-scope'] === undefined && isMappedAs(mapped, protocol, number));
    ports.push(
      makePort(protocol, {
        name: textOf(entry.name) ?? 'default',
        [onHost ? 'hostPort' : 'containerPort']: number,
        networks: network ? sharedNetwork(network) : undefined,
        labels: otherLabels(labels),
        vips: vipsOf(labels, `.discovery.ports.ports[${i}].labels`, complain),
      }),
    );
  }
  return ports;
}

/** Marathon before 1.5 did not say the scope; a mapping from a host port of that number tells. */
function isMappedAs(mapped: readonly Port[], protocol: Protocol, number: number): boolean {
  for (const port of mapped) if (port.protocol === protocol && port.hostPort === number) return true;
  return false;
}

const INTERPRETED = /^(?:VIP|vip)|^network-(?:scope|name)$/;

/** The labels that are not turned into fields of the port. */
function otherLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
  let rest: Record<string, string> | undefined;
  for (const key in labels) {
    if (INTERPRETED.test(key)) continue;
    rest ??= {};
    rest[key] = labels[key]!;
  }
  return rest;
}

/** The virtual addresses that the labels of a port ask for: every label whose key starts with `VIP` or `vip`. */
export function vipsOf(labels: Readonly<Record<string, string>>, part: string, complain: Complain): Port['vips'] {
  let vips: Port['vips'];
  for (const key in labels) {
    if (!key.startsWith('VIP') && !key.startsWith('vip')) continue;
    const vip = parseVip(labels[key]!);
    if (vip) vips = uniteVips(vips, [vip]);
    else
      complain(
        `${part}.${key}`,
        `expected label:port or address:port with a port from 1 to 65535, got ${show(labels[key])}`,
      );
  }
  return vips;
}

/** `base` with each port of `extra` merged into its like (same protocol and one number in common), or appended. */
export function mergePorts(base: readonly Port[], extra: readonly Port[]): readonly Port[] {
  if (extra.length === 0) return base;
  if (base.length === 0) return extra;
  const merged = [...base];
  for (const port of extra) {
    const i = merged.findIndex((other) => isSamePort(other, port));
    if (i < 0) merged.push(port);
    else merged[i] = unitePorts(merged[i]!, port);
  }
  return merged;
}

function isSamePort(a: Port, b: Port): boolean {
  if (a.protocol !== b.protocol) return false;
  return (
    (a.containerPort !== undefined && a.containerPort === b.containerPort) ||
    (a.hostPort !== undefined && a.hostPort === b.hostPort)
  );
}

/** What `b` says wins. */
function unitePorts(a: Port, b: Port): Port {
  return makePort(a.protocol, {
    name: b.name ?? a.name,
    containerPort: b.containerPort ?? a.containerPort,
    hostPort: b.hostPort ?? a.hostPort,
    networks: b.networks ?? a.networks,
    labels: b.labels ?? a.labels,
    vips: uniteVips(a.vips, b.vips),
  });
}

/** The ports of a task that shares its agent's address: a host port is the very port that it listens on. */
export function portsOnHost(ports: readonly Port[]): readonly Port[] {
  if (!ports.some((port) => port.hostPort !== undefined)) return ports;
  const byNumber = new Map<string, Port>();
  for (const port of ports) {
    const containerPort = port.hostPort ?? port.containerPort;
    const key = `${port.protocol}:${containerPort}`;
    const moved = makePort(port.protocol, { ...port, containerPort, hostPort: undefined });
    const other = byNumber.get(key);
    byNumber.set(key, other ? unitePorts(moved, other) : moved);
  }
  return [...byNumber.values()];
}
