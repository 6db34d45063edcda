// How Mesos-DNS and dcos-net make DNS labels out of task and framework names, and the hash in canonical names.
// The two label functions look alike and differ in where they cut; both are kept exactly.
import { hash } from 'node:crypto';
import type { Octets } from '../wire/name.ts';
import { MAX_LABEL } from '../wire/name.ts';

/** Makes one label of a text: lower-case letters, digits and hyphens, possibly empty. */
export type LabelFunction = (text: string) => string;

const HYPHEN = 0x2d;

/** The character that a character of a name becomes, or 0 when it is dropped: `-._` turn into a hyphen. */
function mapped(code: number): number {
  if ((code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === HYPHEN) return code;
  if (code >= 0x41 && code <= 0x5a) return code + 32;
  return code === 0x2e || code === 0x5f ? HYPHEN : 0;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** Whether `text` is what every label function leaves as it is; most names are. */
function isLabelAlready(text: string, max: number): boolean {
  const last = text.length - 1;
  if (last < 0 || last >= max) return false;
  for (let i = 0; i <= last; i++) {
    const code = text.charCodeAt(i);
    if (!((code >= 0x61 && code <= 0x7a) || (isDigit(code) && i > 0) || (code === HYPHEN && i > 0 && i < last)))
      return false;
  }
  return true;
}

function trimRight(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === HYPHEN) end--;
  return text.slice(0, end);
}

function mesosLabel(text: string, max: number, dropLeadingDigits: boolean): string {
  if (isLabelAlready(text, max)) return text;
  let kept = '';
  for (let i = 0; i < text.length; i++) {
    const code = mapped(text.charCodeAt(i));
    if (code === 0 || (kept === '' && (code === HYPHEN || (dropLeadingDigits && isDigit(code))))) continue;
    kept += String.fromCharCode(code);
  }
  const n = Math.min(kept.length, max);
  const head = trimRight(kept.slice(0, n));
  if (head.length === n) return head;
  let rest = n;
  while (kept.charCodeAt(rest) === HYPHEN) rest++;
  return head + kept.slice(rest, rest + n - head.length);
}

/** Label of Mesos-DNS in its default mode (RFC 1123): at most 63 characters, no hyphen first. */
export const mesosLabel1123: LabelFunction = (text) => mesosLabel(text, MAX_LABEL, false);

/** Label of Mesos-DNS with `EnforceRFC952`: at most 24 characters, no hyphen or digit first. */
export const mesosLabel952: LabelFunction = (text) => mesosLabel(text, 24, true);

/** Mesos-DNS: a framework name as labels, parts without a usable character dropped; may be empty. */
export function mesosFragment(text: string, label: LabelFunction): string {
  return text.split('.').map(label).filter(Boolean).join('.');
}

/** Label of dcos-net: at most 63 characters, neither first nor last a hyphen. */
export const dcosLabel: LabelFunction = (text) => {
  if (isLabelAlready(text, MAX_LABEL)) return text;
  let label = '';
  let full = false;
  for (let i = 0; i < text.length && label.length < MAX_LABEL; i++) {
    const code = mapped(text.charCodeAt(i));
    if (code === 0 || (code === HYPHEN && (label === '' || full))) continue;
    label += String.fromCharCode(code);
    if (label.length === MAX_LABEL && !full) {
      // Room that stripped hyphens leave is given to letters and digits alone.
      label = trimRight(label);
      full = true;
    }
  }
  return trimRight(label);
};

/** dcos-net: a VIP's label or framework name as labels. A part without a usable character stays, empty. */
export function dcosFragment(text: string): string {
  return text
    .split('.')
    .filter((part) => part !== '')
    .map(dcosLabel)
    .join('.');
}

const Z_BASE_32 = 'ybndrfg8ejkmcpqxot1uwisza345h769';

/** Mesos-DNS: the first five characters of the z-base-32 text of a task id's SHA-1, which tell its instances apart. */
export function taskHash(taskId: string): string {
  // Seven hexadecimal digits are 28 bits, of which the first 25 count.
  const bits = Number.parseInt(hash('sha1', taskId).slice(0, 7), 16) >> 3;
  let text = '';
  for (let shift = 20; shift >= 0; shift -= 5) text += Z_BASE_32[(bits >> shift) & 31];
  return text;
}

/** Mesos-DNS: what stands after the last hyphen of an agent id, in lower case: `s2` of `<uuid>-S2`. */
export function agentTail(agentId: string): string {
  return agentId.slice(agentId.lastIndexOf('-') + 1).toLowerCase();
}

/**
 * A canonical name (`search-7n7a6-s2`) whose last label is at most 63 octets: the name gives way, the suffix stays.
 * @param name label of the task, or its discovery name with its dots; octets
 * @param suffix hash and agent: `-7n7a6-s2`
 */
export function fittingCanonicalName(name: Octets, suffix: string): Octets {
  const start = name.lastIndexOf('.') + 1;
  const end = start + MAX_LABEL - suffix.length;
  return (name.length <= end ? name : trimRight(name.slice(0, end))) + suffix;
}
