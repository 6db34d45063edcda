// Agents, frameworks and masters as Mesos tells of them, in /state and in the operator API. A host that is given by name
// has the addresses that `resolve` knows at this moment; nothing here waits for a name server.
import type { Agent } from '../model/agent.ts';
import type { Framework } from '../model/framework.ts';
import type { MasterAddress } from '../model/masters.ts';
import type { HostPort } from './address.ts';
import { MAX_PORT, parseHostPort, parseIp, parsePid } from './address.ts';
import type { Fields } from './fields.ts';
import { show, textOf } from './fields.ts';
import type { Complain } from './mesos-ports.ts';
import type { Resolve } from './reading.ts';
import { NONE } from './reading.ts';

/** Addresses of a host: itself when it is one. */
export function addressesOfHost(host: string, resolve: Resolve | undefined): readonly string[] {
  if (host === '') return NONE;
  const ip = parseIp(host);
  return ip === undefined ? (resolve?.(host) ?? NONE) : [ip];
}

/**
 * An agent. Its address is the one in `pid`, under which the master reaches it; `hostname`, which operators set for
 * people to click on, only stands in when there is no usable pid.
 */
export function readAgent(id: string, fields: Fields, resolve: Resolve | undefined, complain: Complain): Agent {
  const hostname = textOf(fields.hostname) ?? '';
  const pid = pidOf(
    fields.pid,
    complain,
    hostname === '' ? 'the agent has no address' : `its hostname ${show(hostname)} is used`,
  );
  const host = pid?.host ?? hostname;
  const port = pid?.port ?? portOf(fields.port);
  return { id, hostname, host, port, addresses: addressesOfHost(host, resolve), labels: undefined };
}

/** A framework. Schedulers of the HTTP API have no pid, and that is no problem; an empty one is. */
export function readFramework(id: string, fields: Fields, resolve: Resolve | undefined, complain: Complain): Framework {
  const hostname = textOf(fields.hostname) ?? '';
  const pid =
    fields.pid === undefined ? undefined : pidOf(fields.pid, complain, `its hostname ${show(hostname)} is used`);
  const host = pid?.host ?? hostname;
  const name = typeof fields.name === 'string' ? fields.name : '';
  return {
    id,
    name,
    active: fields.active !== false,
    host,
    port: pid?.port,
    addresses: addressesOfHost(host, resolve),
  };
}

function pidOf(pid: unknown, complain: Complain, instead: string): HostPort | undefined {
  const read = typeof pid === 'string' ? parsePid(pid) : undefined;
  if (read) return read;
  if (pid === undefined || pid === null) complain('', `pid is missing; ${instead}`);
  else if (pid === '') complain('', `pid is empty; ${instead}`);
  else complain('.pid', `expected name@host:port, got ${show(pid)}; ${instead}`);
  return undefined;
}

function portOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_PORT ? value : undefined;
}

/** The leading master from `leader` of a /state document, `master@ip:port`. */
export function readLeader(
  leader: unknown,
  resolve: Resolve | undefined,
  complain: Complain,
): MasterAddress | undefined {
  if (leader === undefined || leader === null) {
    complain('', 'is missing: this master does not know who leads; there are no names for the leader');
    return undefined;
  }
  const pid = typeof leader === 'string' ? parsePid(leader) : undefined;
  const ip = pid && addressesOfHost(pid.host, resolve)[0];
  if (pid && ip !== undefined) return { ip, port: pid.port };
  complain('', `expected master@address:port, got ${show(leader)}; there are no names for the leader`);
  return undefined;
}

/** The configured masters, `address:port`. A name in it has no address here. */
export function readMasters(masters: readonly string[], complain: Complain): readonly MasterAddress[] {
  const all: MasterAddress[] = [];
  masters.forEach((text, i) => {
    const read = parseHostPort(text);
    const ip = read && parseIp(read.host);
    if (read && ip !== undefined) all.push({ ip, port: read.port });
    else complain(`[${i}]`, `expected address:port, got ${show(text)}; it is left out`);
  });
  return all;
}
