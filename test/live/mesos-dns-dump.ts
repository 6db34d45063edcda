// The dumps of a running Mesos-DNS and what `portolan records` makes of the same state, in one comparable form.
import { readFileSync } from 'node:fs';
import { portolan } from './portolan.ts';

/** A `/v1/axfr` document: values in order, without the serial, which is the time of the dump. */
export interface ComparableDump {
  readonly facts: Readonly<Record<string, unknown>>;
  /** `As`, `AAAAs`, `SRVs`: name -> sorted values. */
  readonly records: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** The configuration that all dumps were recorded with, and more keys. */
export function recordedWith(more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    masters: ['127.0.0.1:15050'],
    domain: 'mesos',
    ttl: 60,
    listener: '127.0.0.1',
    SOAMname: 'ns1.mesos',
    refreshSeconds: 2,
    ...more,
  };
}

/** Reads a recorded dump. */
export function readDump(path: string): ComparableDump {
  return comparable(readFileSync(path, 'utf8'));
}

/** What `portolan records --mode exact --format axfr` prints. */
export async function axfr(mesosDnsConfig: string, state: string): Promise<ComparableDump> {
  const flags = ['--mode', 'exact', '--format', 'axfr', '--mesos-dns-config', mesosDnsConfig];
  const { stdout } = await portolan('records', ...flags, state);
  return comparable(stdout);
}

function comparable(text: string): ComparableDump {
  const { Serial, Records, ...facts } = JSON.parse(text) as Record<string, unknown> & {
    Records: Record<string, Record<string, string[]>>;
  };
  for (const table of Object.values(Records)) for (const values of Object.values(table)) values.sort();
  return { facts, records: Records };
}
