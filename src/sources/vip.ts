// The text by which a task asks for a virtual address of the layer-4 balancer (DC/OS: labels `VIP_0=/web:80`).

import type { Vip } from '../model/port.ts';
import { MAX_PORT, parseIp } from './address.ts';

/**
 * Reads `label:port` or `address:port`, split at the last colon; IPv6 bare (as DC/OS has it) or in brackets. Anything
 * before the colon that is no address is a label, kept as it stands.
 * @returns undefined when the label is empty or the port no number from 1 to 65535
 */
export function parseVip(text: string): Vip | undefined {
  const colon = text.lastIndexOf(':');
  const digits = text.slice(colon + 1);
  if (colon <= 0 || !/^\d{1,5}$/.test(digits)) return undefined;
  const port = Number(digits);
  if (port < 1 || port > MAX_PORT) return undefined;
  const host = text.slice(0, colon);
  const ip = parseIp(/^\[.+\]$/.test(host) ? host.slice(1, -1) : host);
  return ip === undefined ? { kind: 'named', label: host, port } : { kind: 'literal', ip, port };
}

/** The text that `parseVip` reads as this. */
export function vipText(vip: Vip): string {
  return `${vip.kind === 'named' ? vip.label : vip.ip}:${vip.port}`;
}

/** Both lists as one, each once, sorted by their text; undefined when both are empty. */
export function uniteVips(a: readonly Vip[] | undefined, b: readonly Vip[] | undefined): readonly Vip[] | undefined {
  if (!b?.length) return a?.length ? a : undefined;
  if (!a?.length && b.length === 1) return b;
  const byText = new Map([...(a ?? []), ...b].map((vip) => [vipText(vip), vip]));
  return [...byText].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, vip]) => vip);
}
