// RecordIO, the framing of Mesos's streams: the length of a record in decimal digits, LF, that many octets; again and again.
// (Mesos, HTTP API: "RecordIO response format".)

/** Digits that a length can have; more without an LF is no RecordIO. */
const MAX_LENGTH_DIGITS = 12;

const LF = 0x0a;
const ZERO = 0x30;
const NINE = 0x39;

/** What came is no RecordIO, or too long: nothing after it can be read. */
export class RecordIoError extends Error {
  override readonly name = 'RecordIoError';
}

/** Cuts a stream into records, however it comes in pieces. */
export class RecordIoDecoder {
  readonly #maxRecord: number;
  /** The length that is being read, and how many digits of it have come. */
  #length = 0;
  #digits = 0;
  /** Octets of the record that are still to come; undefined while its length is being read. */
  #missing: number | undefined;
  #parts: Buffer[] = [];

  /** @param maxRecord octets of the longest record that is taken */
  constructor(maxRecord: number) {
    this.#maxRecord = maxRecord;
  }

  /** Whether a record is incomplete: a stream that ends here was cut. */
  get isMidRecord(): boolean {
    return this.#missing !== undefined || this.#digits > 0;
  }

  /**
   * Takes the next octets of the stream.
   * @returns the records that are complete with them
   * @throws RecordIoError
   */
  push(chunk: Buffer): Buffer[] {
    const records: Buffer[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#missing === undefined) {
        this.#lengthOctet(chunk[at++]!);
      } else {
        const part = chunk.subarray(at, at + this.#missing);
        at += part.length;
        this.#missing -= part.length;
        this.#parts.push(part);
      }
      if (this.#missing === 0) {
        records.push(this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts));
        this.#parts = [];
        this.#missing = undefined;
      }
    }
    return records;
  }

  #lengthOctet(octet: number): void {
    if (octet === LF && this.#digits > 0) {
      if (this.#length > this.#maxRecord)
        throw new RecordIoError(
          `expected records of at most ${this.#maxRecord} octets, got one of ${this.#length}; raise maxBody if it may`,
        );
      this.#missing = this.#length;
      this.#length = 0;
      this.#digits = 0;
      return;
    }
    if (octet < ZERO || octet > NINE)
      throw new RecordIoError(`expected the length of a record in digits, got octet ${octet}`);
    if (this.#digits === MAX_LENGTH_DIGITS)
      throw new RecordIoError(`expected LF within ${MAX_LENGTH_DIGITS} digits of a record's length, got none`);
    this.#length = this.#length * 10 + (octet - ZERO);
    this.#digits++;
  }
}
