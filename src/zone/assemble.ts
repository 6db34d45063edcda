// A zone as a whole: RRsets made equal and free of duplicates (RFC 2181 5), and what is refused or doubtful about the zone
// once all its records are known (RFC 1034 3.6.2 and 4.2.1, RFC 2181 10, RFC 6672 2.4).
import { Type } from '../wire/codes.ts';
import type { Name, Octets, OwnerName } from '../wire/name.ts';
import { fold, isAtOrBelow, nameToText, parentOf } from '../wire/name.ts';
import type { RR } from '../wire/rr.ts';
import { additionalNameOffset } from '../wire/rr.ts';
import { foldRdata, mnemonicOf } from '../wire/types.ts';
import type { Problems } from './problems.ts';

/** The data of one zone, ready to be served. */
export interface ZoneData {
  /** The apex, spelling kept. */
  readonly origin: Name;
  /** All records in the order of the file, the SOA among them; no duplicates, one TTL for an RRset (RFC 2181 5). */
  readonly records: readonly RR[];
}

/** A record with what is needed to judge it. */
export interface ParsedRecord {
  readonly owner: Name;
  readonly type: number;
  readonly rdata: Octets;
  /** Seconds; undefined while nothing has stated one. */
  readonly ttl: number | undefined;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What reading gives before the zone is judged as a whole. */
export interface ParsedFile {
  readonly file: string;
  /** Possible apexes, the first that owns an SOA is it; at least one unless an error says why not. */
  readonly origins: readonly Name[];
  readonly records: readonly ParsedRecord[];
  readonly allowNoSoa: boolean;
  /** Some record could not be read, so that nothing can be said of what is missing. */
  readonly incomplete: boolean;
}

/** Seconds. For a record whose TTL nothing states, not even an SOA; Knot and NSD take the same. */
const FALLBACK_TTL = 3600;

/** What may stand beside a CNAME: DNSSEC's own records (RFC 4034 2.5, RFC 2181 10.1). */
const BESIDE_CNAME: ReadonlySet<number> = new Set([Type.CNAME, Type.RRSIG, Type.NSEC, 24, 25]);

const NSEC3 = 50;

interface RRset {
  readonly type: number;
  readonly ttl: number;
  readonly first: ParsedRecord;
  /** Folded rdata, to find duplicates; made when there is a second record. */
  members: Set<Octets> | undefined;
}

/** A zone's records at the owners that they belong to. */
type Nodes = Map<OwnerName, RRset[]>;

/**
 * Makes a zone of the records that were read and reports what is wrong with it.
 * @returns undefined when no apex is known; else a zone, to be served only when there is no error
 */
export function assembleZone(parsed: ParsedFile, problems: Problems): ZoneData | undefined {
  const start = { file: parsed.file, line: 1, column: 1 };
  const origin = apexOf(parsed);
  if (origin === undefined) {
    if (!parsed.incomplete)
      problems.error(start, 'zone: expected an origin, from $ORIGIN or from the name of the file, got none');
    return undefined;
  }
  const apex = fold(origin);
  const nodes: Nodes = new Map();
  const records: RR[] = [];
  const placed: ParsedRecord[] = [];
  let toldTtl = false;
  for (const record of parsed.records) {
    const owner = fold(record.owner);
    if (!isAtOrBelow(owner, apex)) {
      problems.warning(record, `${shown(record)} is outside the zone ${nameToText(origin)} and ignored`);
      continue;
    }
    if (record.ttl === undefined && !toldTtl && !parsed.incomplete) {
      toldTtl = true;
      problems.warning(record, `TTL: no TTL, no $TTL and no SOA states one; ${FALLBACK_TTL} is taken`);
    }
    const ttl = addToNode(nodes, owner, record, record.ttl ?? FALLBACK_TTL, problems);
    if (ttl === undefined) continue;
    if (record.type === Type.SOA && owner !== apex)
      problems.error(record, `SOA: expected at the apex ${nameToText(origin)}, got ${nameToText(record.owner)}`);
    records.push({ owner: record.owner, type: record.type, ttl, rdata: record.rdata });
    placed.push(record);
  }
  checkDnames(nodes, apex, problems);
  if (!parsed.incomplete) {
    const hasType = (type: number) => nodes.get(apex)?.some((set) => set.type === type) ?? false;
    if (!parsed.allowNoSoa) {
      if (!hasType(Type.SOA))
        problems.error(start, `zone ${nameToText(origin)}: expected an SOA record at the apex, got none`);
      else if (!hasType(Type.NS)) problems.warning(start, `zone ${nameToText(origin)}: no NS record at the apex`);
    }
    for (const record of placed) checkTarget(nodes, apex, record, problems);
  }
  return { origin, records };
}

/** The first possible apex that owns an SOA, or else the first of all. */
function apexOf({ origins, records }: ParsedFile): Name | undefined {
  if (origins.length > 1) {
    const owners = new Set(records.filter((record) => record.type === Type.SOA).map((record) => fold(record.owner)));
    return origins.find((origin) => owners.has(fold(origin))) ?? origins[0];
  }
  return origins[0];
}

function shown(record: ParsedRecord): string {
  return `${nameToText(record.owner)} ${mnemonicOf(record.type)}`;
}

/**
 * Adds a record to the RRset that it belongs to.
 * @returns the TTL of the set: that of its first record, as BIND takes it; undefined for a duplicate
 */
function addToNode(
  nodes: Nodes,
  owner: OwnerName,
  record: ParsedRecord,
  ttl: number,
  problems: Problems,
): number | undefined {
  const { type } = record;
  let sets = nodes.get(owner);
  if (!sets) {
    sets = [];
    nodes.set(owner, sets);
  }
  const set = sets.find((one) => one.type === type);
  if (!set) {
    checkCname(sets, record, problems);
    sets.push({ type, ttl, first: record, members: undefined });
    return ttl;
  }
  set.members ??= new Set([foldRdata(type, set.first.rdata)]);
  const size = set.members.size;
  if (set.members.add(foldRdata(type, record.rdata)).size === size) return undefined;
  if (type === Type.SOA || type === Type.CNAME || type === Type.DNAME)
    problems.error(
      record,
      `${shown(record)}: expected one record, got a second that differs from line ${set.first.line}`,
    );
  // Signatures have the TTL of what they cover (RFC 4034 3), so that an RRSIG set may hold several.
  if (type === Type.RRSIG || ttl === set.ttl) return ttl;
  problems.warning(
    record,
    `TTL: ${ttl} differs from the ${set.ttl} of line ${set.first.line} and becomes that; an RRset has one TTL (RFC 2181 5.2)`,
  );
  return set.ttl;
}

function checkCname(sets: readonly RRset[], record: ParsedRecord, problems: Problems): void {
  if (sets.length === 0) return;
  const clash =
    record.type === Type.CNAME
      ? sets.find((set) => !BESIDE_CNAME.has(set.type))
      : BESIDE_CNAME.has(record.type)
        ? undefined
        : sets.find((set) => set.type === Type.CNAME);
  if (clash)
    problems.error(
      record,
      `${shown(record)}: a CNAME is alone at its name, ${mnemonicOf(clash.type)} stands there in line ${clash.first.line}`,
    );
}

/** Nothing lies below a DNAME (RFC 6672 2.4), but for the hashed names of NSEC3. */
function checkDnames(nodes: Nodes, apex: OwnerName, problems: Problems): void {
  const redirected = new Map<OwnerName, RRset>();
  for (const [owner, sets] of nodes) {
    const dname = sets.find((set) => set.type === Type.DNAME);
    if (!dname) continue;
    redirected.set(owner, dname);
    if (owner !== apex && sets.some((set) => set.type === Type.NS))
      problems.warning(
        dname.first,
        `${shown(dname.first)}: a DNAME beside NS below the apex is not reached (RFC 6672 2.4)`,
      );
  }
  if (redirected.size === 0) return;
  for (const [owner, sets] of nodes) {
    const data = sets.find((set) => set.type !== NSEC3 && set.type !== Type.RRSIG);
    for (let name = owner; data && name !== apex; ) {
      name = parentOf(name);
      const dname = redirected.get(name);
      if (!dname) continue;
      problems.error(
        data.first,
        `${shown(data.first)} lies below the DNAME ${nameToText(name)} of line ${dname.first.line}`,
      );
      break;
    }
  }
}

/** Targets of NS, MX and SRV are no aliases (RFC 2181 10.3, RFC 2782); name servers inside the zone have an address. */
function checkTarget(nodes: Nodes, apex: OwnerName, record: ParsedRecord, problems: Problems): void {
  if (record.type !== Type.NS && record.type !== Type.MX && record.type !== Type.SRV) return;
  const target = fold(record.rdata.slice(additionalNameOffset(record.type)));
  if (!isAtOrBelow(target, apex)) return;
  const sets = nodes.get(target);
  if (sets?.some((set) => set.type === Type.CNAME))
    problems.warning(record, `${shown(record)}: the target ${nameToText(target)} is an alias (CNAME)`);
  else if (
    record.type === Type.NS &&
    !sets?.some(hasAddress) &&
    !(sets === undefined && underWildcard(nodes, apex, target))
  )
    problems.warning(record, `${shown(record)}: the name server ${nameToText(target)} has no address in the zone`);
}

function hasAddress(set: RRset): boolean {
  return set.type === Type.A || set.type === Type.AAAA;
}

/** Whether a wildcard of the zone gives a missing name its records (RFC 4592). */
function underWildcard(nodes: Nodes, apex: OwnerName, missing: OwnerName): boolean {
  for (let name = missing; name !== apex; ) {
    name = parentOf(name);
    if (nodes.has(`\x01*${name}`)) return true;
  }
  return false;
}
