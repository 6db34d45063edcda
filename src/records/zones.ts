// The zones that the records go to: origin, SOA and name servers of each, as Mesos-DNS and dcos-net have them, and the
// second names under which dcos-net answers the same data.
import { Type } from '../wire/codes.ts';
import type { Name } from '../wire/name.ts';
import { fold, parseName } from '../wire/name.ts';
import type { RR } from '../wire/rr.ts';
import type { ZoneAlias, ZoneSpec } from '../zone/spec.ts';
import {
  DCOS_ORIGIN,
  DIRECTORY,
  L4LB_ORIGIN,
  LOCALHOST_ORIGIN,
  MIRROR_ORIGIN,
  SPARTAN_ORIGIN,
  THISNODE_ORIGIN,
  ZK_ORIGIN,
} from './dcos.ts';
import { reverseOrigins } from './reverse.ts';
import type { LabelledNameSettings, RecordSettings } from './settings.ts';

/** Seconds. TTL of the NS records of dcos-net's zones. */
const DCOS_NS_TTL = 3600;

/**
 * Every zone that the settings ask for. No two have one origin, and no alias points at an alias.
 * @throws RangeError naming a reverse prefix that is none
 */
export function zoneSpecs(settings: RecordSettings): ZoneSpec[] {
  const mesos = mesosZone(settings);
  const origins = new Set(settings.reverse.prefixes.flatMap(reverseOrigins));
  const reverse = [...origins].map((origin) => reverseZone(settings, origin));
  const containers = [settings.docker, settings.swarm].flatMap((names) =>
    names === undefined ? [] : [containerZone(settings, names)],
  );
  return [mesos, ...(settings.dcos.enabled ? dcosZones(settings, fold(mesos.origin)) : []), ...containers, ...reverse];
}

function mesosZone(settings: RecordSettings): ZoneSpec {
  const { domain, ttlSeconds } = settings.mesos;
  const soa = mesosSoa(settings);
  const origin = parseName(domain);
  return { origin, soa, soaTtl: ttlSeconds, apex: [nameServer(origin, soa.mname, ttlSeconds)] };
}

function mesosSoa({ mode, mesos }: RecordSettings): ZoneSpec['soa'] {
  const { soa, ttlSeconds } = mesos;
  return {
    mname: parseName(soa.mname),
    rname: parseName(soa.rname.replaceAll('@', '.')),
    refresh: soa.refreshSeconds,
    retry: soa.retrySeconds,
    expire: soa.expireSeconds,
    // The reference reads a minimum from its configuration and then says the TTL.
    minimum: mode === 'exact' ? ttlSeconds : soa.minimumSeconds,
  };
}

/** The zone of containers or of a swarm; things come and go in it quickly, so a missing name is not remembered long. */
function containerZone(settings: RecordSettings, names: LabelledNameSettings): ZoneSpec {
  const soa = { ...mesosSoa(settings), minimum: names.negativeTtlSeconds };
  const origin = parseName(names.domain);
  return { origin, soa, soaTtl: names.ttlSeconds, apex: [nameServer(origin, soa.mname, names.ttlSeconds)] };
}

function reverseZone(settings: RecordSettings, origin: Name): ZoneSpec {
  const soa = mesosSoa(settings);
  const { ttlSeconds } = settings.reverse;
  const apex = [nameServer(origin, soa.mname, ttlSeconds)];
  return { origin, soa, soaTtl: ttlSeconds, apex, singleValued: [Type.PTR] };
}

function dcosZones(settings: RecordSettings, mesosOrigin: Name): ZoneSpec[] {
  const { ttlSeconds, thisNode, clusterId, aliases = {} } = settings.dcos;
  const more = Object.keys(aliases).map((label) => parseName(label, DIRECTORY));
  const inDirectory = [L4LB_ORIGIN, DCOS_ORIGIN, ...(thisNode === undefined ? [] : [THISNODE_ORIGIN]), ...more];
  const own = [...inDirectory, SPARTAN_ORIGIN, ZK_ORIGIN, LOCALHOST_ORIGIN].map((o) => dcosZone(o, ttlSeconds));
  const mirror = (origin: Name): ZoneSpec => ({
    ...dcosZone(origin, ttlSeconds),
    alias: { target: mesosOrigin, ttl: ttlSeconds, srv: { priority: 1, weight: 1 } },
  });

  const suffixes = [parseName('thisdcos.global')];
  if (clusterId !== undefined) suffixes.push(parseName(`${clusterId}.dcos.directory`));
  const renames = suffixes.flatMap((suffix) => [
    ...inDirectory.map((target) => renamed(below(target, suffix), { target }, ttlSeconds)),
    mirror(below(MIRROR_ORIGIN, suffix)),
  ]);
  const dclb = ['dclb.thisdcos.directory', 'dclb.thisdcos.global'].map((name) =>
    renamed(parseName(name), { target: L4LB_ORIGIN }, ttlSeconds),
  );
  return [...own, mirror(MIRROR_ORIGIN), ...dclb, ...renames];
}

/** A zone of `thisdcos.directory` under another parent. */
function below(origin: Name, parent: Name): Name {
  return origin.slice(0, origin.length - DIRECTORY.length) + parent;
}

function dcosZone(origin: Name, ttlSeconds: number): ZoneSpec {
  const mname = parseName('ns.spartan');
  const soa = { mname, rname: parseName('support.mesosphere.com'), refresh: 60, retry: 180, expire: 86400, minimum: 1 };
  return { origin, soa, soaTtl: ttlSeconds, apex: [nameServer(origin, mname, DCOS_NS_TTL)] };
}

/** A zone that answers as its target does, SOA and NS included, names changed. */
function renamed(origin: Name, alias: ZoneAlias, ttlSeconds: number): ZoneSpec {
  return { ...dcosZone(origin, ttlSeconds), apex: [], alias };
}

function nameServer(owner: Name, host: Name, ttl: number): RR {
  return { owner, type: Type.NS, ttl, rdata: host };
}
