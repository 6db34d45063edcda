// The peers, NSD and Knot DNS: the same zone file, as many workers, no logging of queries, no limits on the rate of answers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { versionOf } from './machine.ts';
import { launch, type Server, type StartOptions } from './server.ts';
import type { ZoneOnDisk } from './zone.ts';

const DEADLINE_MS = 60_000;

export function startNsd(zone: ZoneOnDisk, options: StartOptions): Promise<Server> {
  return launch(
    {
      name: 'NSD',
      probe: zone.probe,
      deadlineMs: DEADLINE_MS,
      command(folder, port) {
        const config = join(folder, 'nsd.conf');
        // Empty user and database: it runs as who starts it, from memory. The rate limit is on in Debian's build.
        writeFileSync(
          config,
          `server:
  ip-address: 127.0.0.1@${port}
  port: ${port}
  server-count: ${options.workers}
  reuseport: yes
  username: ""
  chroot: ""
  database: ""
  zonesdir: "${folder}"
  xfrdfile: "${folder}/xfrd.state"
  xfrdir: "${folder}"
  zonelistfile: "${folder}/zone.list"
  pidfile: "${folder}/nsd.pid"
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "${zone.origin}"
  zonefile: "${zone.file}"
`,
        );
        return ['nsd', '-d', '-c', config];
      },
    },
    options,
  );
}

export function startKnot(zone: ZoneOnDisk, options: StartOptions): Promise<Server> {
  return launch(
    {
      name: 'Knot',
      probe: zone.probe,
      deadlineMs: DEADLINE_MS,
      command(folder, port) {
        const config = join(folder, 'knot.conf');
        writeFileSync(
          config,
          `server:
  rundir: "${folder}"
  listen: "127.0.0.1@${port}"
  udp-workers: ${options.workers}
  tcp-workers: ${options.workers}
  background-workers: 1
log:
- target: stderr
  any: warning
database:
  storage: "${folder}"
zone:
- domain: "${zone.origin}"
  storage: "${folder}"
  file: "${zone.file}"
  zonefile-load: whole
  journal-content: none
`,
        );
        return ['knotd', '-c', config];
      },
    },
    options,
  );
}

/** `NSD 4.6.1, Knot DNS 3.2.6, dnsperf 2.10.0` */
export function peerVersions(): string {
  const of = (name: string, program: string, flag: string) =>
    `${name} ${versionOf(program, flag) ?? '(not installed)'}`;
  const versions = [of('NSD', 'nsd', '-v'), of('Knot DNS', 'knotd', '--version'), of('dnsperf', 'dnsperf', '-h')];
  const mesosDns = process.env.MESOS_DNS;
  if (mesosDns) versions.push(of('Mesos-DNS', mesosDns, '-version'));
  return versions.join(', ');
}
