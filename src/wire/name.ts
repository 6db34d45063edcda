// Domain names at rest (RFC 1035 3.1, 5.1; RFC 4343). Off the query path a name is a string of octets in wire form:
// each character code is one octet, the last is the root's zero. Such strings compare, hash and slice quickly, and no
// octet that may stand in a label is lost. The query path works on the octets themselves (`wire/query.ts`).

/** Octets as a string: every character code is 0 to 255. */
export type Octets = string;

/** An absolute domain name in wire form, spelling kept: `\x03www\x07example\x03org\x00`. */
export type Name = Octets;

/** A `Name` whose A-Z are folded to a-z (RFC 4343): the key under which a name is stored. */
export type OwnerName = Name;

export const ROOT: Name = '\0';

/** Octets of a whole name in wire form, the root's zero included (RFC 1035 2.3.4). */
export const MAX_NAME = 255;

/** Octets of one label (RFC 1035 2.3.4). */
export const MAX_LABEL = 63;

/** Why a text is no domain name; `column` counts characters of the text from 0. */
export class NameError extends SyntaxError {
  override readonly name = 'NameError';
  readonly column: number;
  constructor(message: string, column: number) {
    super(message);
    this.column = column;
  }
}

const UPPER = /[A-Z]/;

/** The name with A-Z folded to a-z. Length octets (0 to 63) are below 'A' and stay as they are. */
export function fold(name: Name): OwnerName {
  return UPPER.test(name) ? name.replace(/[A-Z]+/g, (s) => s.toLowerCase()) : name;
}

/** One octet, folded. */
export function foldOctet(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}

/** Octets a character below 128 becomes in presentation form; special ones are escaped (RFC 1035 5.1, RFC 4343 2.1). */
function escapeOctet(code: number): string {
  if (code === 0x2e || code === 0x5c || code === 0x22 || code === 0x3b || code === 0x28 || code === 0x29)
    return `\\${String.fromCharCode(code)}`;
  if (code === 0x40 || code === 0x24) return `\\${String.fromCharCode(code)}`;
  if (code > 0x20 && code < 0x7f) return String.fromCharCode(code);
  return `\\${String(code).padStart(3, '0')}`;
}

/** Presentation form of one label's octets. */
export function labelToText(label: Octets): string {
  if (/^[A-Za-z0-9_*-]*$/.test(label)) return label;
  let text = '';
  for (let i = 0; i < label.length; i++) text += escapeOctet(label.charCodeAt(i));
  return text;
}

/** The labels of a name, leftmost first, without the root. */
export function labelsOf(name: Name): Octets[] {
  const labels: Octets[] = [];
  for (let at = 0; ; ) {
    const length = name.charCodeAt(at);
    if (length === 0 || at >= name.length) return labels;
    labels.push(name.slice(at + 1, at + 1 + length));
    at += 1 + length;
  }
}

/** How many labels a name has, the root not counted. */
export function labelCount(name: Name): number {
  let count = 0;
  for (let at = 0; name.charCodeAt(at) > 0; at += 1 + name.charCodeAt(at)) count++;
  return count;
}

/** Presentation form, absolute, with its final dot: `www.example.org.`. */
export function nameToText(name: Name): string {
  if (name === ROOT) return '.';
  let text = '';
  for (const label of labelsOf(name)) text += `${labelToText(label)}.`;
  return text;
}

/**
 * A name from its labels, leftmost first.
 * @returns undefined when a label is empty or over 63 octets, or the whole is over 255 octets
 */
export function fromLabels(labels: readonly Octets[], parent: Name = ROOT): Name | undefined {
  let name = '';
  for (const label of labels) {
    if (label.length === 0 || label.length > MAX_LABEL) return undefined;
    name += String.fromCharCode(label.length) + label;
  }
  name += parent;
  return name.length > MAX_NAME ? undefined : name;
}

const PLAIN = /^(?:[A-Za-z0-9_*-]{1,63}\.)*[A-Za-z0-9_*-]{1,63}\.?$/;

/**
 * Reads a name in presentation form (RFC 1035 5.1): `\.` and `\DDD` escapes, `@` for the origin alone, relative names
 * completed with `origin`.
 * @param text what stands in the file, without quotes
 * @param origin completes a name that has no final dot; without it such a name is taken as absolute
 * @throws NameError naming the fault and its column
 */
export function parseName(text: string, origin: Name = ROOT): Name {
  if (text === '@') return origin;
  if (text === '.') return ROOT;
  let name = '';
  let absolute = false;
  if (PLAIN.test(text)) {
    absolute = text.endsWith('.');
    for (const label of (absolute ? text.slice(0, -1) : text).split('.'))
      name += String.fromCharCode(label.length) + label;
  } else {
    if (text === '') throw new NameError('a name may not be empty', 0);
    let label = '';
    let start = 0;
    for (let i = 0; i < text.length; i++) {
      const char = text[i]!;
      absolute = false;
      if (char === '.') {
        if (label === '') throw new NameError('a label may not be empty (two dots in a row, or one at the start)', i);
        if (label.length > MAX_LABEL)
          throw new NameError(`a label has at most 63 octets, this one ${label.length}`, start);
        name += String.fromCharCode(label.length) + label;
        label = '';
        start = i + 1;
        absolute = true;
      } else if (char === '\\') {
        const digits = text.slice(i + 1, i + 4);
        if (/^\d/.test(digits)) {
          if (!/^\d{3}$/.test(digits)) throw new NameError('a \\ before a digit wants three digits', i);
          if (Number(digits) > 255) throw new NameError(`\\${digits} is over 255`, i);
          label += String.fromCharCode(Number(digits));
          i += 3;
        } else {
          if (i + 1 === text.length) throw new NameError('a \\ at the end escapes nothing', i);
          label += octetsOf(text[++i]!);
        }
      } else label += octetsOf(char);
    }
    if (label !== '') {
      if (label.length > MAX_LABEL)
        throw new NameError(`a label has at most 63 octets, this one ${label.length}`, start);
      name += String.fromCharCode(label.length) + label;
    }
  }
  name += absolute ? ROOT : origin;
  if (name.length > MAX_NAME) throw new NameError(`a name has at most 255 octets, this one ${name.length}`, 0);
  return name;
}

/** A character as octets: itself up to U+00FF read as a raw octet from a file opened as latin1, else its UTF-8. */
function octetsOf(char: string): Octets {
  return char.charCodeAt(0) < 256 ? char : Buffer.from(char, 'utf8').toString('latin1');
}

/** The name without its leftmost label; the root's parent is the root. */
export function parentOf(name: Name): Name {
  return name === ROOT ? ROOT : name.slice(1 + name.charCodeAt(0));
}

/** Whether `name` is `ancestor` or below it; both folded. */
export function isAtOrBelow(name: OwnerName, ancestor: OwnerName): boolean {
  if (!name.endsWith(ancestor)) return false;
  const cut = name.length - ancestor.length;
  let at = 0;
  while (at < cut) at += 1 + name.charCodeAt(at);
  return at === cut;
}
