// $GENERATE (BIND 9 Administrator Reference Manual, "The $GENERATE Directive"): a record for each number of a range.

/** Records of one directive: two /16 networks; more is a slip of the keyboard that would hold up the server. */
export const MAX_GENERATED = 131_072;

export interface GenerateRange {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

/** A range `start-stop[/step]` of numbers below 2^31; undefined when it is none. */
export function generateRange(text: string): GenerateRange | undefined {
  const parts = /^(\d{1,10})-(\d{1,10})(?:\/(\d{1,10}))?$/.exec(text);
  if (!parts) return undefined;
  const [start, stop, step] = [Number(parts[1]), Number(parts[2]), Number(parts[3] ?? 1)];
  return start <= stop && stop < 2 ** 31 && step > 0 ? { start, stop, step } : undefined;
}

/** How many records a range gives. */
export function generateCount(range: GenerateRange): number {
  return Math.floor((range.stop - range.start) / range.step) + 1;
}

/** `${offset[,width[,base]]}` behind the dollar sign. */
const MODIFIER = /^\{([+-]?\d{1,10})(?:,(\d{1,3})(?:,([doxXnN]))?)?\}/;

/**
 * The text with each `$` replaced by the number, `${offset,width,base}` by the number in that form (bases d, o, x, X, and n, N for
 * the reversed hexadecimal digits of ip6.arpa), `\$` and `$$` by a dollar sign that the record reads as itself.
 * @throws RangeError naming a modifier that is none, or a number below zero
 */
export function substitute(text: string, value: number): string {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '\\') result += char + (text[++at] ?? '');
    else if (char !== '$') result += char;
    else if (text[at + 1] === '$') {
      result += '\\$';
      at++;
    } else if (text[at + 1] === '{') {
      const parts = MODIFIER.exec(text.slice(at + 1));
      if (!parts) throw new RangeError('behind ${ stand offset,width,base} with a base of d, o, x, X, n or N');
      const [modifier, offset, width, base] = parts;
      result += numberText(value + Number(offset), Number(width ?? 0), base ?? 'd');
      at += modifier.length;
    } else result += String(value);
  }
  return result;
}

function numberText(value: number, width: number, base: string): string {
  if (value < 0) throw new RangeError(`the number becomes ${value}, below 0`);
  if (base === 'd') return String(value).padStart(width, '0');
  if (base === 'o') return value.toString(8).padStart(width, '0');
  const digits = base === 'X' || base === 'N' ? value.toString(16).toUpperCase() : value.toString(16);
  if (base === 'x' || base === 'X') return digits.padStart(width, '0');
  // The width of nibbles counts digits and dots alike; an even width therefore ends in a dot.
  const padded = [...digits.padStart(Math.ceil(width / 2), '0')].reverse().join('.');
  return width > 0 && width === padded.length + 1 ? `${padded}.` : padded;
}
