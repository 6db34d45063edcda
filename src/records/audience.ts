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
export function those(views: Iterable<number>): Audience {
  return both(onlyIn(views));
}

/**
 * Clients in none of these views whose network leads out.
 * @param beside what else their views must not be: a `Trait`
 */
export function allBut(views: readonly number[], beside = 0): Audience {
  const traits = Trait.CLOSED | beside;
  return { ipv4: exceptIn(views, traits), ipv6: exceptIn(views, traits | Trait.WITHOUT_IPV6) };
}

/** Those of an audience who are told of something that is reached at these addresses. */
export function audienceOf({ ipv4, ipv6 }: Audience, ips: readonly string[]): Views {
  return ips.every(isIpv6) ? ipv6 : ipv4;
}

export function isIpv6(ip: string): boolean {
  return ip.includes(':');
}

function both(views: Views): Audience {
  return { ipv4: views, ipv6: views };
}
