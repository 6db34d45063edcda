// Node's Buffer with two calls that it has and its types leave out: they write and read octet strings without a copy.

export type OctetBuffer = Buffer & {
  /** Writes a one-byte string. @returns octets written */
  latin1Write(text: string, at: number): number;
  latin1Slice(start: number, end: number): string;
};

/** Octets up to which a loop over a string is quicker than a call into the runtime. */
export const LOOP_OCTETS = 80;

/** A view of memory as octets. */
export function octetsOf(memory: ArrayBufferLike): OctetBuffer {
  return Buffer.from(memory) as Buffer as OctetBuffer;
}

/** New memory, its content undefined. */
export function allocateOctets(length: number): OctetBuffer {
  return Buffer.allocUnsafeSlow(length) as Buffer as OctetBuffer;
}
