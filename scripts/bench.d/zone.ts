// The zone that all servers serve in the comparison, and the questions about it: 100,000 names, hosts with addresses and
// services with SRV records that point at them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '../../test/sources/generate-state.ts';

export interface ZoneOnDisk {
  readonly origin: string;
  readonly folder: string;
  /** In the folder. */
  readonly file: string;
  /** A name that has an address. */
  readonly probe: string;
}

const ORIGIN = 'example.org';

/** Half of the names are hosts, half services. */
const HOSTS = 50_000;
const SERVICES = 50_000;

/** Every so-manieth host has an IPv6 address too. */
const IPV6_EVERY = 3;

/** Writes the zone: about 100,000 names and 170,000 records. Always the same. */
export function writeZone(parent: string): ZoneOnDisk {
  const folder = join(parent, 'zones');
  mkdirSync(folder, { recursive: true });
  const next = random(7);
  const lines = [
    `$ORIGIN ${ORIGIN}.`,
    '$TTL 300',
    '@ SOA ns hostmaster 1 3600 600 86400 60',
    '@ NS ns',
    'ns A 192.0.2.53',
  ];
  for (let i = 0; i < HOSTS; i++) {
    // 198.18.0.0/15 is there for benchmarks (RFC 2544).
    lines.push(`${host(i)} A 198.${18 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`);
    if (i % IPV6_EVERY === 0) lines.push(`${host(i)} AAAA 2001:db8::${i.toString(16)}`);
  }
  for (let i = 0; i < SERVICES; i++) {
    const instances = 1 + Math.floor(next() * 3);
    for (let n = 0; n < instances; n++)
      lines.push(
        `${service(i)} SRV 0 ${1 + n} ${1_024 + Math.floor(next() * 60_000)} ${host(Math.floor(next() * HOSTS))}`,
      );
  }
  const file = join(folder, `${ORIGIN}.zone`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { origin: ORIGIN, folder, file, probe: `ns.${ORIGIN}` };
}

function host(i: number): string {
  return `host-${i}`;
}

function service(i: number): string {
  return `_http._tcp.app-${i}`;
}

/** Which names are asked for. */
export interface Mix {
  /** How many different hosts and services, at most. */
  readonly names: number;
  /** Share of the questions that are about names that do not exist. */
  readonly missing: number;
}

/** Questions in a file; dnsperf begins anew at its end. */
const QUESTIONS = 400_000;

/** Of the questions about names that exist: half A, a fifth AAAA, three tenths SRV. */
const SHARE_A = 0.5;
const SHARE_AAAA = 0.2;

/** Writes questions for dnsperf in random order. @returns the file */
export function writeQueries(folder: string, name: string, { names, missing }: Mix): string {
  const next = random(11);
  const hosts = Math.min(HOSTS, names / 2);
  const services = Math.min(SERVICES, names / 2);
  const lines: string[] = [];
  for (let i = 0; i < QUESTIONS; i++) {
    const draw = next();
    if (next() < missing) lines.push(`gone-${Math.floor(next() * 1e9)}.${ORIGIN} A`);
    else if (draw < SHARE_A) lines.push(`${host(Math.floor(next() * hosts))}.${ORIGIN} A`);
    else if (draw < SHARE_A + SHARE_AAAA) {
      const i = Math.floor((next() * hosts) / IPV6_EVERY) * IPV6_EVERY;
      lines.push(`${host(i)}.${ORIGIN} AAAA`);
    } else lines.push(`${service(Math.floor(next() * services))}.${ORIGIN} SRV`);
  }
  const file = join(folder, `${name}.queries`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}
