// The law of the update path, for containers: any changes, one by one, end in exactly the zone that a fresh start makes of
// the final state, names that several want included; and clients stand where the networks say.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLog } from '../src/base/log.ts';
import { Metrics } from '../src/base/metrics.ts';
import type { Cluster } from '../src/model/cluster.ts';
import { Publisher } from '../src/publish.ts';
import type { RecordSettings } from '../src/records/settings.ts';
import { DEFAULT_RECORD_SETTINGS } from '../src/records/settings.ts';
import type { ClientPrefix } from '../src/records/view-registry.ts';
import { VipAddresses } from '../src/records/vip-addresses.ts';
import { LastGood } from '../src/sources/last-good.ts';
import { parseName } from '../src/wire/name.ts';
import { Image } from '../src/zone/image.ts';
import { recordText } from '../src/zone/masterfile-writer.ts';
import { ZoneStore } from '../src/zone/store.ts';
import { containerCluster, DOCKER_NAMES, SWARM_NAMES, swarmCluster } from './records/docker-sample.ts';
import { container } from './stand-ins/docker-scenario.ts';

const SETTINGS: RecordSettings = { ...DEFAULT_RECORD_SETTINGS, docker: DOCKER_NAMES, swarm: SWARM_NAMES };

/** A server without its sockets. */
class Serving {
  readonly #store = new ZoneStore(new Image(), () => 0);
  readonly #good = new LastGood('source');
  readonly #publisher: Publisher;
  clients: readonly ClientPrefix[] = [];

  constructor() {
    this.#publisher = new Publisher({
      settings: SETTINGS,
      vips: new VipAddresses(SETTINGS.dcos.vip),
      store: this.#store,
      log: createLog('silent'),
      metrics: new Metrics(),
      onClients: (clients) => {
        this.clients = clients;
      },
    });
  }

  report(cluster: Cluster): void {
    const { delta } = this.#good.replace(cluster);
    if (delta) this.#publisher.apply(delta);
  }

  /** All records but those of the zone itself, with who sees them. */
  records(): string[] {
    return ['docker', 'swarm'].flatMap((zone) =>
      [...this.#store.records(parseName(zone))]
        .filter(({ owner }) => owner !== parseName(zone))
        .map((record) => `${recordText(record)} ${Buffer.from(record.views ?? '', 'latin1').toString('hex')}`)
        .sort(),
    );
  }
}

const names = ['web', 'db', 'api', 'web_1'];
const some = fc.record({
  name: fc.constantFrom(...names),
  hostname: fc.constantFrom(undefined, ...names),
  wanted: fc.constantFrom(undefined, ...names),
  service: fc.constantFrom(undefined, 'api', 'web'),
  health: fc.constantFrom(undefined, 'unhealthy'),
  port: fc.constantFrom(undefined, 8080, 8081),
});

const containers = fc.uniqueArray(some, { selector: ({ name }) => name, maxLength: 4 }).map((wanted) =>
  wanted.map(({ name, hostname, wanted, service, health, port }, i) =>
    container(name, {
      ip: `172.17.0.${10 + i}`,
      ...(hostname !== undefined && { hostname }),
      ...(health !== undefined && { health }),
      labels: {
        ...(wanted !== undefined && { 'portolan.name': wanted }),
        ...(service !== undefined && { 'com.docker.compose.service': service }),
      },
      ports: { '80/tcp': port === undefined ? null : [{ HostIp: '0.0.0.0', HostPort: String(port) }] },
    }),
  ),
);

it('any changes of containers end in the zone that a fresh start makes', () => {
  fc.assert(
    fc.property(fc.array(containers, { minLength: 1, maxLength: 6 }), (states) => {
      const living = new Serving();
      for (const state of states) living.report(containerCluster(state));
      const fresh = new Serving();
      fresh.report(containerCluster(states.at(-1)!));
      expect(living.records()).toEqual(fresh.records());
      expect(living.clients).toEqual(fresh.clients);
    }),
    { numRuns: 60 },
  );
});

it('a network that comes later changes the answers of those that the host has another address for there', () => {
  const ports = { '53/udp': [{ HostIp: '0.0.0.0', HostPort: '5353' }] };
  const cluster = containerCluster([container('web', { ports })]);
  const without = { ...cluster, networks: cluster.networks!.filter(({ name }) => name !== 'appnet') };
  const living = new Serving();
  const gateway = () => living.records().filter((record) => record.includes('172.18.0.1'));
  living.report(without);
  expect(gateway()).toEqual([]);
  living.report(cluster);
  expect(gateway()).toContainEqual(expect.stringMatching(/^web\.docker\.\s5\sIN\sA\s172\.18\.0\.1 /));
  living.report(without);
  expect(gateway()).toEqual([]);
});

it('a swarm that lost a node and got it back is as it was', () => {
  const living = new Serving();
  living.report(swarmCluster());
  const before = living.records();
  expect(before.length).toBeGreaterThan(100);
  living.report(swarmCluster('down'));
  expect(living.records()).not.toEqual(before);
  living.report(swarmCluster());
  expect(living.records()).toEqual(before);
});
