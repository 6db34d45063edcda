// Many short lists of whole numbers in one block of memory: as arrays each would take a hundred octets before its first
// number. A list is named by where it lies; its length is its owner's to remember.

const FIRST_WORDS = 1 << 10;

/** In place of a list: one without numbers lies nowhere. */
export const EMPTY = 0;

/** Lists of numbers from -2^31 to 2^31 - 1. Room that a list gives up goes to the next one of its size. */
export class NumberLists {
  #words = new Int32Array(FIRST_WORDS);
  #end = 1;
  /** For each size of room the first free one; each free room's first word is the next. */
  readonly #free: number[] = [];

  /** Words taken so far. */
  get taken(): number {
    return this.#end;
  }

  /** Makes room for that many words more. */
  reserve(more: number): void {
    if (this.#end + more > this.#words.length) this.#grow(this.#end + more);
  }

  get(list: number, index: number): number {
    return this.#words[list + index]!;
  }

  set(list: number, index: number, value: number): void {
    this.#words[list + index] = value;
  }

  /** A new list, its numbers undefined. */
  create(length: number): number {
    if (length === 0) return EMPTY;
    const size = sizeClass(length);
    const list = this.#free[size] ?? EMPTY;
    if (list !== EMPTY) {
      this.#free[size] = this.#words[list]!;
      return list;
    }
    const room = roomOf(size);
    if (this.#end + room > this.#words.length) this.#grow(this.#end + room);
    const at = this.#end;
    this.#end += room;
    return at;
  }

  /** Ends a list of that length. */
  remove(list: number, length: number): void {
    if (length === 0) return;
    const size = sizeClass(length);
    this.#words[list] = this.#free[size] ?? EMPTY;
    this.#free[size] = list;
  }

  /** Puts a number in front of the one at `index`. @returns where the list lies from now on */
  insert(list: number, length: number, index: number, value: number): number {
    let place = list;
    if (length === 0) place = this.create(1);
    else if (sizeClass(length) !== sizeClass(length + 1)) {
      place = this.create(length + 1);
      this.#copy(list, place, index);
      this.#copy(list + index, place + index + 1, length - index);
      this.remove(list, length);
    } else this.#copy(list + index, list + index + 1, length - index);
    this.#words[place + index] = value;
    return place;
  }

  /** Takes the number at `index` out. @returns where the list lies from now on */
  delete(list: number, length: number, index: number): number {
    if (length > 1 && sizeClass(length) === sizeClass(length - 1)) {
      this.#copy(list + index + 1, list + index, length - index - 1);
      return list;
    }
    const place = this.create(length - 1);
    this.#copy(list, place, index);
    this.#copy(list + index + 1, place + index, length - index - 1);
    this.remove(list, length);
    return place;
  }

  /** In an ascending list, the index of the first number that is not below `value`. */
  lowerBound(list: number, length: number, value: number): number {
    const words = this.#words;
    // Numbers are given out ascending, so most that come belong at the end.
    if (length === 0 || words[list + length - 1]! < value) return length;
    let low = 0;
    let high = length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (words[list + middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #copy(from: number, to: number, count: number): void {
    const words = this.#words;
    if (count > FEW) words.copyWithin(to, from, from + count);
    else if (to < from) for (let i = 0; i < count; i++) words[to + i] = words[from + i]!;
    else for (let i = count - 1; i >= 0; i--) words[to + i] = words[from + i]!;
  }

  #grow(needed: number): void {
    let length = this.#words.length * 2;
    while (length < needed) length *= 2;
    const larger = new Int32Array(length);
    larger.set(this.#words.subarray(0, this.#end));
    this.#words = larger;
  }
}

/** Numbers up to which a loop is quicker than a call into the runtime. */
const FEW = 16;

/** Sizes of rooms: 1, 2, 3, 4, 6, 8, 12, 16, 24, ...: at most a third of one stays empty. */
function sizeClass(length: number): number {
  if (length <= 4) return length;
  const octave = 31 - Math.clz32(length - 1); // 2^octave < length <= 2^(octave + 1)
  return octave * 2 + (length <= 3 << (octave - 1) ? 1 : 2);
}

function roomOf(size: number): number {
  if (size <= 4) return size;
  const octave = (size - 1) >> 1;
  return size % 2 === 1 ? 3 << (octave - 1) : 2 << octave;
}
