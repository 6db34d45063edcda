// What a Mesos master says of itself (MasterInfo): in ZooKeeper as JSON or, before Mesos 0.24, as protobuf; in the
// operator API as JSON with the same fields. Mesos: include/mesos/mesos.proto.
import { MAX_PORT, parseIp } from './address.ts';
import type { Fields } from './fields.ts';
import { isObject, objectOf, textOf } from './fields.ts';

/** Where a master is reached. */
export interface MasterInfo {
  /** IPv4 or IPv6, textual. */
  readonly ip: string;
  readonly port: number;
  /** As the operator named it; empty when it is not said. */
  readonly hostname: string;
}

/** `address` counts; `ip`, `port` and `hostname` beside it are what older masters have. */
export function readMasterInfo(value: unknown): MasterInfo | undefined {
  const info = objectOf(value);
  const address = objectOf(info.address);
  const ip = parseIp(address.ip) ?? packedIp(info.ip);
  const port = portOf(address) ?? portOf(info);
  if (ip === undefined || port === undefined) return undefined;
  return { ip, port, hostname: textOf(address.hostname) ?? textOf(info.hostname) ?? '' };
}

/** MasterInfo as JSON text. @returns undefined when it is none */
export function parseMasterInfo(json: Buffer): MasterInfo | undefined {
  try {
    return readMasterInfo(JSON.parse(json.toString('utf8')));
  } catch {
    return undefined;
  }
}

/** IPv4 packed into a number, the first octet lowest: network order on the little-endian machines that Mesos runs on. */
function packedIp(value: unknown): string | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffffffff) return undefined;
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24].join('.');
}

function portOf({ port }: Fields): number | undefined {
  return typeof port === 'number' && Number.isInteger(port) && port > 0 && port <= MAX_PORT ? port : undefined;
}

/** Numbers of the fields of MasterInfo, and of Address within it, that are read. */
const MASTER_FIELDS: Readonly<Record<number, string>> = { 2: 'ip', 3: 'port', 5: 'hostname', 7: 'address' };
const ADDRESS_FIELDS: Readonly<Record<number, string>> = { 1: 'hostname', 2: 'ip', 3: 'port' };

/** The port of a master that does not say one (default of the protobuf field). */
const DEFAULT_PORT = 5050;

/** MasterInfo as protobuf. @returns undefined when it is none */
export function decodeMasterInfo(octets: Buffer): MasterInfo | undefined {
  const fields = decodeMessage(octets, MASTER_FIELDS);
  if (!fields) return undefined;
  const { ip, port = DEFAULT_PORT, hostname, address } = fields;
  const inner = Buffer.isBuffer(address) ? decodeMessage(address, ADDRESS_FIELDS) : undefined;
  return readMasterInfo({ ip, port, hostname: utf8(hostname), address: inner && texts(inner) });
}

function texts({ hostname, ip, port }: Fields): Fields {
  return { hostname: utf8(hostname), ip: utf8(ip), port };
}

function utf8(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString('utf8') : value;
}

/** Wire types of protobuf. */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** The named fields of a protobuf message: numbers, and the octets of texts and messages. */
function decodeMessage(octets: Buffer, names: Readonly<Record<number, string>>): Fields | undefined {
  const fields: Record<string, unknown> = {};
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 64 && at < octets.length; shift += 7) {
      const octet = octets[at++]!;
      value += (octet & 127) * 2 ** shift;
      if (octet < 128) return value;
    }
    return Number.NaN;
  };
  while (at < octets.length) {
    const tag = varint();
    const name = names[Math.floor(tag / 8)];
    let value: unknown;
    switch (tag % 8) {
      case VARINT:
        value = varint();
        break;
      case FIXED64:
        at += 8;
        break;
      case DELIMITED: {
        const length = varint();
        value = octets.subarray(at, at + length);
        at += length;
        break;
      }
      case FIXED32:
        at += 4;
        break;
      default:
        return undefined;
    }
    if (!(at <= octets.length) || Number.isNaN(value)) return undefined;
    if (name !== undefined) fields[name] = value;
  }
  return isObject(fields) ? fields : undefined;
}
