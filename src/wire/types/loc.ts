// Where a host is on the earth (RFC 1876).
import type { Field, OctetReader, RecordType } from '../fields.ts';
import type { Octets } from '../name.ts';
import { u32 } from '../rr.ts';
import type { TokenReader } from '../tokens.ts';

/** Thousandths of an arc second in a degree. */
const DEGREE = 3_600_000;
/** Octets count angles from here, in thousandths of an arc second (RFC 1876 2). */
const EQUATOR = 2 ** 31;
/** Centimetres below the reference spheroid from which altitudes count. */
const ALTITUDE_BASE = 10_000_000;

/** Reads `degrees [minutes [seconds]] hemisphere`; returns thousandths of an arc second. */
function takeAngle(tokens: TokenReader, maxDegrees: number, positive: string, negative: string): number {
  const expected = `degrees, minutes and seconds, then ${positive} or ${negative}`;
  const limits = [maxDegrees, 59, 59.999];
  let angle = 0;
  for (let part = 0; ; part++) {
    const token = tokens.take(expected);
    const text = token.text.toUpperCase();
    if (part > 0 && (text === positive || text === negative)) {
      if (angle > maxDegrees * DEGREE) throw tokens.unexpected(token, `an angle of at most ${maxDegrees} degrees`);
      return text === positive ? angle : -angle;
    }
    const pattern = part === 2 ? /^\d{1,2}(?:\.\d{1,3})?$/ : /^\d{1,3}$/;
    if (part > 2 || !pattern.test(text) || Number(text) > limits[part]!) throw tokens.unexpected(token, expected);
    angle += Math.round(Number(text) * [DEGREE, 60_000, 1000][part]!);
  }
}

/** Reads metres with up to two decimals; returns centimetres. */
function takeMetres(tokens: TokenReader, min: number, max: number): number {
  const expected = `metres from ${min / 100} to ${max / 100}`;
  const token = tokens.take(expected);
  const parts = /^(-?\d{1,8}(?:\.\d{1,2})?)m?$/i.exec(token.text);
  const value = parts ? Math.round(Number(parts[1]) * 100) : Number.NaN;
  if (!(value >= min && value <= max)) throw tokens.unexpected(token, expected);
  return value;
}

/** Centimetres as one digit and a power of ten, four bits each; digits behind the first are lost (RFC 1876 2). */
function sizeOctet(centimetres: number): Octets {
  let exponent = 0;
  let digit = centimetres;
  for (; digit > 9; exponent++) digit = Math.floor(digit / 10);
  return String.fromCharCode((digit << 4) | exponent);
}

function sizeText(octet: number): string {
  const digit = octet >> 4;
  const exponent = octet & 15;
  if (digit > 9 || exponent > 9 || (digit === 0 && exponent > 0))
    throw new RangeError('a LOC size has other digits than 0 to 9');
  return `${(digit * 10 ** exponent) / 100}m`;
}

function angleText(octets: OctetReader, maxDegrees: number, positive: string, negative: string): string {
  const angle = octets.number(4) - EQUATOR;
  const size = Math.abs(angle);
  if (size > maxDegrees * DEGREE) throw new RangeError(`a LOC angle is over ${maxDegrees} degrees`);
  const seconds = ((size % 60_000) / 1000).toFixed(3);
  return `${Math.floor(size / DEGREE)} ${Math.floor(size / 60_000) % 60} ${seconds} ${angle < 0 ? negative : positive}`;
}

/** Default size, horizontal and vertical precision: 1 m, 10 km, 10 m (RFC 1876 3). */
const SIZE_DEFAULTS = ['\x12', '\x16', '\x13'];

const locationField: Field = {
  name: 'location',
  kind: 'loc',
  parse: (tokens) => {
    const latitude = takeAngle(tokens, 90, 'N', 'S');
    const longitude = takeAngle(tokens, 180, 'E', 'W');
    const altitude = takeMetres(tokens, -ALTITUDE_BASE, 2 ** 32 - 1 - ALTITUDE_BASE);
    const sizes = SIZE_DEFAULTS.map((size) => (tokens.peek() ? sizeOctet(takeMetres(tokens, 0, 9_000_000_000)) : size));
    return `\0${sizes.join('')}${u32(EQUATOR + latitude)}${u32(EQUATOR + longitude)}${u32(ALTITUDE_BASE + altitude)}`;
  },
  format: (octets) => {
    if (octets.number(1) !== 0) throw new RangeError('only version 0 of LOC is known');
    const sizes = [octets.number(1), octets.number(1), octets.number(1)].map(sizeText).join(' ');
    const latitude = angleText(octets, 90, 'N', 'S');
    const longitude = angleText(octets, 180, 'E', 'W');
    return `${latitude} ${longitude} ${((octets.number(4) - ALTITUDE_BASE) / 100).toFixed(2)}m ${sizes}`;
  },
};

export const LOC = { mnemonic: 'LOC', code: 29, rfc: 'RFC 1876', fields: [locationField] } satisfies RecordType;
