// Whether an address can be had at all. Our sockets share their ports (SO_REUSEPORT), so a second server of the same user
// would bind them too and take half of the queries; a socket that does not share finds out.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import type { ListenAddress } from './listener.ts';

/** @throws Error naming the address when something listens there already, or when it is none of this machine's */
export async function assertFree({ ip, port }: ListenAddress): Promise<void> {
  // Any free port is asked for: it will be one.
  if (port === 0) return;
  const udp = createSocket({ type: isIPv6(ip) ? 'udp6' : 'udp4', ipv6Only: isIPv6(ip) });
  const tcp = createServer();
  try {
    udp.bind(port, ip);
    await once(udp, 'listening');
    tcp.listen({ host: ip, port, ipv6Only: isIPv6(ip) });
    await once(tcp, 'listening');
  } catch (error) {
    throw new Error(`Cannot listen: ${(error as Error).message}`, { cause: error });
  } finally {
    udp.close();
    if (tcp.listening) await new Promise((resolve) => tcp.close(resolve));
  }
}
