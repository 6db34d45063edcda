// The article's app in its four shapes: where its tasks are reached (dcos-l4lb-marathon.md 4). The tables under golden/ are
// what is expected; UPDATE=1 rewrites them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readMarathonApps } from '../../src/sources/marathon-apps.ts';
import type { Run } from './marathon-endpoints.ts';
import { endpointTable, runningApp } from './marathon-endpoints.ts';

const fixture = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/marathon', `${name}.json`), 'utf8')) as Record<
    string,
    unknown
  >;

const BRIDGE: Run = { hostPorts: [9896], addresses: ['172.17.0.2'] };
const SHAPES: readonly [string, Run][] = [
  ['article-httpi-host', { hostPorts: [13_977] }],
  ['article-httpi-bridge-vip', BRIDGE],
  ['article-httpi-bridge-vip-haproxy', BRIDGE],
  ['article-httpi-overlay-vip-haproxy', { addresses: ['9.0.2.130'] }],
];

test.each(SHAPES)('%s', (name, run) => {
  const table = endpointTable(readMarathonApps({ apps: [runningApp(fixture(name), run)] }));
  const path = join(import.meta.dirname, 'golden', `${name}.txt`);
  if (process.env.UPDATE === '1') writeFileSync(path, table);
  expect(table).toBe(readFileSync(path, 'utf8'));
});

describe('what the article says of its five tasks', () => {
  const expected = fixture('article-expected') as {
    bridgeBackends: string[];
    overlayBackendIps: string[];
    vipPort: number;
  };
  const placesOf = (name: string, tasks: object[]) =>
    endpointTable(readMarathonApps({ apps: [{ ...fixture(name), tasks }] }))
      .split('\n')
      .slice(1, -1)
      .map((line) => line.split(/\s+/)[3]);

  test('in bridge mode they are reached at their agents', () => {
    const tasks = expected.bridgeBackends.map((backend, i) => {
      const [host, port] = backend.split(':');
      return { id: `httpi.${i}`, host, ports: [Number(port)], ipAddresses: [{ ipAddress: '172.17.0.2' }] };
    });
    expect(placesOf('article-httpi-bridge-vip', tasks)).toEqual(expected.bridgeBackends);
  });

  test('on the overlay they are reached at their own addresses', () => {
    const tasks = expected.overlayBackendIps.map((ip, i) => ({
      id: `httpi.${i}`,
      host: '172.16.40.67',
      ports: [],
      ipAddresses: [{ ipAddress: ip }],
    }));
    expect(placesOf('article-httpi-overlay-vip-haproxy', tasks)).toEqual(
      expected.overlayBackendIps.map((ip) => `${ip}:${expected.vipPort}`),
    );
  });
});
