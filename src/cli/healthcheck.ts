// `portolan healthcheck`: for containers and supervisors. Asks the server that runs by the same settings, at each address
// that it listens at, for the SOA record of the zone of the tasks. That is answered once every source has been read; until
// then it is SERVFAIL, so this is readiness and not life alone.
import { isIPv6 } from 'node:net';
import { Command } from 'commander';
import dns2 from 'dns2';
import { type Flags, readSettings, repeated, withConfigFlags } from './settings.ts';

const { Packet, UDPClient } = dns2;

/** Milliseconds that an answer may take. */
const TIMEOUT_MS = 2_000;

/** A server that listens everywhere listens here. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Builds the command. */
export function healthcheck(): Command {
  const command = new Command('healthcheck')
    .description('Asks the server that runs by these settings whether it is ready; prints why when it is not.')
    .option('--listen <address:port>', 'where it was told to answer; may be given several times', repeated);
  return withConfigFlags(command).action(async (flags: Flags) => {
    const { config } = readSettings(flags);
    const checks = config.listen.map(({ address, port }) =>
      complaintOf(LOOPBACK[address] ?? address, port, config.mesos.domain),
    );
    for (const complaint of await Promise.all(checks)) {
      if (complaint === undefined) continue;
      process.stderr.write(`${complaint}\n`);
      process.exitCode = 1;
    }
  });
}

/** @returns what is wrong with the server there */
async function complaintOf(server: string, port: number, zone: string): Promise<string | undefined> {
  const socketType = isIPv6(server) ? 'udp6' : 'udp4';
  const ask = UDPClient({ dns: server, port, socketType, timeout: TIMEOUT_MS, retryOverTCP: false });
  try {
    const { header } = await ask(zone, 'SOA', Packet.CLASS.IN);
    if (header.rcode === Packet.RCODE.NOERROR) return undefined;
    const rcode = Object.entries(Packet.RCODE).find(([, code]) => code === header.rcode)?.[0] ?? header.rcode;
    return `Not ready: ${server} port ${port} answers ${zone} SOA with ${rcode}; SERVFAIL means that a source was not read yet`;
  } catch (error) {
    return `Not ready: ${server} port ${port} does not answer: ${(error as Error).message}`;
  }
}
