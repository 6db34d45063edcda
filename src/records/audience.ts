// Who is told of addresses: clients that have no IPv6 are not told of IPv6 addresses, nor of ports that are reached by
// IPv6 alone.
import type { Views } from '../wire/views.ts';
import { EVERYWHERE, exceptIn, onlyIn, Trait } from '../wire/views.ts';

export interface Audience {
  /** Of what is reached by IPv4, or needs no address. */
  readonly ipv4: Views;
  /** Of what is reached by IPv6 alone. */
  readonly ipv6: Views;
}

/** Seen by nobody: keeps a name in existence, so that it answers NODATA and not NXDOMAIN. */
export const NOBODY: Audience = both(onlyIn([]));

export const EVERYBODY: Audience = both(EVERYWHERE);

/** Clients in these views and no others, whatever families they have. */
export function those(views: readonly number[]): Audience {
  const key = views.join();
  return known.get(key) ?? keep(key, both(onlyIn(views)));
}

/**
 * Clients in none of these views whose network leads out.
 * @param beside what else their views must not be: a `Trait`
 */
export function allBut(views: readonly number[], beside = 0): Audience {
  const key = `not ${views.join()} ${beside}`;
  const traits = Trait.CLOSED | beside;
  return (
    known.get(key) ?? keep(key, { ipv4: exceptIn(views, traits), ipv6: exceptIn(views, traits | Trait.WITHOUT_IPV6) })
  );
}

/** By what they are made of: the containers of an engine have the same few. */
const known = new Map<string, Audience>();
const KNOWN_LIMIT = 1_000;

function keep(key: string, audience: Audience): Audience {
  if (known.size >= KNOWN_LIMIT) known.clear();
  known.set(key, audience);
  return audience;
}

/** Those of an audience who are told of something that is reached at these addresses. */
export function audienceOf({ ipv4, ipv6 }: Audience, ips: readonly string[]): Views {
  for (const ip of ips) if (!isIpv6(ip)) return ipv4;
  return ipv6;
}

export function isIpv6(ip: string): boolean {
  return ip.includes(':');
}

function both(views: Views): Audience {
  return { ipv4: views, ipv6: views };
}
