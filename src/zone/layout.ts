// HOT PATH: no allocation, no await, no throw
// How zones lie in shared memory: what the writer (`image.ts`) lays down and the reader (`image-reader.ts`) walks.
//
// The image is five shared buffers. `texts` holds the octets of names and rdata (see `texts.ts`). `arena` holds zone
// records and nodes, append-only, each starting on four octets and never changed once published. `nodes` and `zones`
// are open-addressing tables of 32-bit slots: 0 is free, 1 was used once, anything else is an arena offset in words.
// `versions` has a word for each zone id that moves with each change of that zone. Publishing is one store to a slot.
//
//   zone record   words: hash, size of the whole in words, id, flags, target zone id, override TTL,
//                 override priority << 16 | weight
//                 octets: length of origin, length of target origin, 0, 0, origin, target's origin
//   node          words: hash, size of the whole in words, zone id, where in `texts` its name lies as spelled
//                 octets: RRsets (2, little-endian), length of name, flags
//                 then for each RRset four words: type | flags << 16, TTL, count, offset of its data in the node in words
//                 then the data: for each rdata a word, where in `texts` it lies, or the address itself of an A record; if
//                 the RRset says so, for each rdata the rule that says which views see it: length, rule; padding

/** Words of the small shared control block that every thread looks at. */
export const Control = {
  /** Odd while slots are being stored; moves by two with each publication (a sequence lock). */
  SEQUENCE: 0,
  /** Number of the buffers in force; a reader whose number differs takes the new ones first. */
  EPOCH: 1,
  WORDS: 4,
} as const;

/** A slot that was used once: probing goes on behind it. */
export const TOMBSTONE = 1;

/** Octets at the arena's start that no slot can mean. */
export const ARENA_START = 16;

/** What all that lies in the arena begins with: the next thing lies right behind it. */
export const ArenaField = {
  HASH: 0,
  /** In words. */
  SIZE: 1,
} as const;

export const ZoneField = {
  ...ArenaField,
  ID: 2,
  FLAGS: 3,
  TARGET: 4,
  TTL: 5,
  SRV: 6,
  /** Octet offset of the two lengths. */
  LENGTHS: 28,
  /** Octet offset of the origin. */
  ORIGIN: 32,
} as const;

export const ZoneFlag = {
  /** Some name below the apex has NS records. */
  HAS_CUTS: 1,
  HAS_DNAMES: 2,
  /** Names are looked up in another zone and written back under this one. */
  IS_ALIAS: 4,
  /** An alias with an apex (SOA, NS) of its own. */
  OWN_APEX: 8,
  /** TTL and SRV fields of the target's records are overridden. */
  OVERRIDES: 16,
  /** No source has reported what this zone is made of yet: SERVFAIL, never NXDOMAIN. */
  NOT_READY: 32,
  /** Laid down but not in force yet. */
  HIDDEN: 64,
} as const;

export const NodeField = {
  ...ArenaField,
  ZONE: 2,
  NAME: 3,
  /** Octet offsets. */
  COUNT: 16,
  NAME_LENGTH: 18,
  FLAGS: 19,
  /** Offset of the RRsets in words. */
  SETS: 5,
} as const;

export const NodeFlag = {
  /** Laid down but not in force yet. */
  HIDDEN: 1,
} as const;

/** Words of an RRset's entry. */
export const SET_WORDS = 4;

export const SetFlag = {
  /** Each rdata has a rule that says which views see it. */
  VIEWS: 1,
} as const;

/** Word of SRV rdata among the texts that says where its target lies: behind its length and six octets. */
export const TARGET_WORD = 2;

/** The "zone id" whose version moves when a zone comes, goes, or changes its record. */
export const ZONE_SET = 0;

/** The buffers of an image, as they are handed to other threads. */
export interface ImageBuffers {
  readonly epoch: number;
  /** How often nodes and texts have gone over to other memory. */
  readonly generation: number;
  readonly texts: SharedArrayBuffer;
  readonly arena: SharedArrayBuffer;
  readonly nodes: SharedArrayBuffer;
  readonly zones: SharedArrayBuffer;
  readonly versions: SharedArrayBuffer;
  /** Which view a client is in: see `client-table.ts`. */
  readonly clients: SharedArrayBuffer;
}

/** Octets to the next multiple of four. */
export function align(octets: number): number {
  return (octets + 3) & ~3;
}
