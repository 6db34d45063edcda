// Zones, image and responder in the test's own thread: what a worker has, without sockets.
import { Order, Responder, type ResponderSettings, Transport } from '../../src/answer/responder.ts';
import { counterSlice, createCounters, sumCounter } from '../../src/base/counters.ts';
import { fold, parseName } from '../../src/wire/name.ts';
import type { RR } from '../../src/wire/rr.ts';
import { rdataFromText, typeByMnemonic } from '../../src/wire/types.ts';
import type { Views } from '../../src/wire/views.ts';
import { Image } from '../../src/zone/image.ts';
import { ImageReader } from '../../src/zone/image-reader.ts';
import type { ImageBuffers } from '../../src/zone/layout.ts';
import type { ZoneSpec } from '../../src/zone/spec.ts';
import { ZoneStore } from '../../src/zone/store.ts';
import { decode, type QueryOptions, query, type WireMessage } from '../live/wire.ts';

export const SETTINGS: ResponderSettings = {
  maxUdpSize: 1232,
  order: Order.ROTATE,
  cacheSize: 1 << 20,
  nsid: Buffer.alloc(0),
  keepaliveSeconds: 10,
  chaos: new Map(),
};

/** Milliseconds since 1970; what zones that are made take their first serial from. */
export const NOW_MS = 1_700_000_000_000;

/** A record from one line: owner, TTL, type, rdata; names absolute with or without their final dot. */
export function rr(line: string, views?: Views): RR {
  const [, owner, ttl, mnemonic, rdata] = /^(\S+)\s+(\d+)\s+(\S+)\s*(.*)$/.exec(line.trim())!;
  const type = typeByMnemonic(mnemonic!)!;
  return {
    owner: parseName(owner!),
    type,
    ttl: Number(ttl),
    rdata: rdataFromText(type, rdata!),
    ...(views === undefined ? {} : { views }),
  };
}

/** The records of a text, one a line; empty lines do not count. */
export function rrs(text: string): RR[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => rr(line));
}

/** A zone that is made, as sources make them. */
export function madeZone(origin: string, more: Partial<ZoneSpec> = {}): ZoneSpec {
  return {
    origin: parseName(origin),
    soa: {
      mname: parseName(`ns.${origin}`),
      rname: parseName(`hostmaster.${origin}`),
      refresh: 3600,
      retry: 600,
      expire: 86400,
      minimum: 60,
    },
    soaTtl: 60,
    apex: [rr(`${origin} 60 NS ns.${origin}`)],
    ...more,
  };
}

/** SOA and NS for a zone of a file. */
export function apexOf(origin: string): string {
  return `${origin} 300 SOA ns.${origin} hostmaster.${origin} 1 3600 600 86400 60
    ${origin} 300 NS ns.${origin}`;
}

export interface AskOptions extends QueryOptions {
  readonly transport?: number;
  /** As `Responder.respond` takes it. */
  readonly client?: number;
}

export class Desk {
  readonly image: Image;
  readonly store: ZoneStore;
  readonly reader: ImageReader;
  readonly responder: Responder;
  readonly counters = createCounters(1);
  readonly #target = new Uint8Array(65_535 + 64);
  #buffers: ImageBuffers;
  /** How often new buffers were handed out. */
  adoptions = 0;

  constructor(settings: Partial<ResponderSettings> = {}) {
    this.image = new Image((buffers) => {
      this.#buffers = buffers;
      this.adoptions++;
    });
    this.#buffers = this.image.buffers;
    this.store = new ZoneStore(this.image, () => NOW_MS);
    this.reader = new ImageReader(this.image.control, this.#buffers);
    this.responder = new Responder(this.reader, { ...SETTINGS, ...settings }, counterSlice(this.counters, 0));
  }

  /** Adds the zone of a file, or puts another content in its place. */
  file(origin: string, text: string): this {
    const zone = parseName(origin);
    this.store.addZone(zone);
    this.store.set(`file ${origin}`, [{ zone: fold(zone), records: rrs(text) }]);
    this.store.commit();
    return this;
  }

  /** Replaces what a key contributes to a zone. */
  set(key: string, origin: string, records: readonly RR[]): this {
    this.store.set(key, [{ zone: fold(parseName(origin)), records }]);
    this.store.commit();
    return this;
  }

  /** Octets in, octets out; empty when there is no reply. */
  respond(message: Buffer, transport: number = Transport.UDP, client = 0): Buffer {
    if (this.reader.isOutdated) {
      this.reader.adopt(this.#buffers);
      this.responder.forget();
    }
    const length = this.responder.respond(message, 0, message.length, this.#target, 0, transport, client);
    return Buffer.from(this.#target.subarray(0, length));
  }

  ask(name: string, type: number, { transport, client, ...options }: AskOptions = {}): WireMessage {
    return decode(this.respond(query(name, type, options), transport, client));
  }

  /** By how much a counter moved, of both transports, while something was done. */
  moved(counter: number, work: () => void): number {
    const before = sumCounter(this.counters, counter);
    work();
    return sumCounter(this.counters, counter) - before;
  }
}
