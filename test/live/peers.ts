// Knot DNS and NSD, started on loopback with the same zone files, to compare answers with (Debian packages knot, nsd).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { decode, query, TYPE, UdpClient } from './wire.ts';

export interface Peer {
  readonly name: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Milliseconds for a peer to load its zones, and between two looks at whether it has. */
const START_MS = 20_000;
const LOOK_MS = 50;

function knotConfig(port: number, folder: string, zones: string, origins: readonly string[]): string {
  return `
server:
    listen: 127.0.0.1@${port}
    rundir: ${folder}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: ${folder}
log:
  - target: stderr
    any: warning
acl:
  - id: here
    address: 127.0.0.1
    action: transfer
template:
  - id: default
    storage: ${zones}
    file: "%s.zone"
    zonefile-load: whole
    zonefile-sync: -1
    journal-content: none
    semantic-checks: off
    acl: here
zone:
${origins.map((origin) => `  - domain: ${origin}`).join('\n')}
`;
}

function nsdConfig(port: number, folder: string, zones: string, origins: readonly string[]): string {
  return `
server:
  ip-address: 127.0.0.1@${port}
  username: ""
  chroot: ""
  zonesdir: ${zones}
  database: ""
  pidfile: ""
  zonelistfile: ${folder}/zone.list
  xfrdfile: ${folder}/xfrd.state
  xfrdir: ${folder}
  server-count: 1
  rrl-ratelimit: 0
  minimal-responses: yes
  ipv4-edns-size: 1232
  verbosity: 0
remote-control:
  control-enable: no
${origins
  .map(
    (origin) => `zone:
  name: ${origin}
  zonefile: ${origin}.zone
  provide-xfr: 127.0.0.1 NOKEY`,
  )
  .join('\n')}
`;
}

const KINDS = {
  Knot: { config: knotConfig, command: (file: string) => ['knotd', '-c', file] },
  NSD: { config: nsdConfig, command: (file: string) => ['nsd', '-d', '-c', file] },
} as const;

/**
 * Starts a peer on a port of its own; resolves once it answers for every zone.
 * @param zones folder with a file `<origin>.zone` for each of `origins`
 * @throws Error with what it printed when it does not come up
 */
export async function startPeer(kind: keyof typeof KINDS, zones: string, origins: readonly string[]): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), `portolan-${kind}-`));
  const port = await freePort();
  const file = join(folder, 'peer.conf');
  writeFileSync(file, KINDS[kind].config(port, folder, zones, origins));
  const [program, ...args] = KINDS[kind].command(file);
  // Name servers live in sbin, which is not on everybody's PATH.
  const env = { ...process.env, PATH: [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].join(delimiter) };
  const child = spawn(program!, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let hasEnded = false;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk;
    });
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      text += error.message;
      hasEnded = true;
      resolve();
    });
    child.on('close', () => {
      hasEnded = true;
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const client = new UdpClient(port);
  try {
    const deadline = performance.now() + START_MS;
    for (const origin of origins)
      for (;;) {
        if (hasEnded || performance.now() > deadline) throw new Error(`${kind} does not serve ${origin}:\n${text}`);
        const reply = await Promise.race([client.ask(query(origin, TYPE.SOA)).catch(() => undefined), sleep(LOOK_MS)]);
        if (reply && decode(reply).answer.length === 1) break;
        await sleep(LOOK_MS);
      }
  } catch (error) {
    await stop();
    throw error;
  } finally {
    client.close();
  }
  return { name: kind, port, stop };
}
