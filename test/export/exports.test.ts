// What other programs take: hosts files, environments of links and of Marathon, the notation of `docker port`
// (systems.md A14, D7, D8, D13, D14).
import { describe, expect, it } from 'vitest';
import { tasksNamed } from '../../src/export/endpoints.ts';
import { linkEnvironment, marathonEnvironment } from '../../src/export/env.ts';
import { hostsFile } from '../../src/export/hosts.ts';
import { parseWantedPort, portList } from '../../src/export/ports.ts';
import type { Task } from '../../src/model/task.ts';
import { containerCluster, swarmCluster } from '../records/docker-sample.ts';
import { netinfo, task } from '../records/sample.ts';
import { RECORDED_CONTAINERS, recorded } from '../stand-ins/docker-scenario.ts';

const { tasks } = containerCluster(RECORDED_CONTAINERS.map((name) => recorded(`inspect-${name}`)));
const named = (name: string) => tasksNamed(tasks, name);

/** A task of Marathon in bridge mode: container port 8080 at host port 31500. */
const bridged: Task = task({
  name: 'web',
  app: '/shop/web',
  addresses: netinfo('172.17.0.4'),
  hostPorts: [31_500, 31_501],
  ports: [
    { name: 'http', protocol: 'tcp', containerPort: 8080, hostPort: 31_500 },
    { name: 'admin-ui', protocol: 'tcp', containerPort: 8081, hostPort: 31_501 },
  ],
});

describe('hosts', () => {
  it('has address, name and short id, as Docker wrote it for links', () => {
    expect(hostsFile(named('db'), 'inside')).toBe('172.17.0.16\tdb 34641b06a8f9\n');
  });

  it('has a line for each address, and names of the service', () => {
    expect(hostsFile([...named('multinet'), ...named('myapp_api_1')], 'inside').split('\n')).toEqual([
      '10.99.0.3\tmultinet 2c5e01d16998',
      '172.18.0.3\tmultinet 2c5e01d16998',
      'fd00:99::3\tmultinet 2c5e01d16998',
      '172.20.0.2\tmyapp_api_1 9f470baf96c4 api.myapp',
      '',
    ]);
  });

  it('leaves out what takes no connections or has no network', () => {
    const text = hostsFile(tasks, 'inside');
    for (const name of ['sick', 'p_fixed', 'restarting', 'nonenet']) expect(text).not.toContain(name);
    expect(text).toContain('192.168.56.10\thostnet');
  });

  it("outside has the hosts' addresses, of what is published", () => {
    expect(hostsFile([...named('db'), ...named('p_8080')], 'outside')).toBe(
      '192.168.56.10\tp_8080 2c675177884b\n2001:db8::10\tp_8080 2c675177884b\n',
    );
  });

  it('serves tasks of Mesos, too', () => {
    expect(hostsFile([bridged], 'inside')).toBe('172.17.0.4\tweb web.marathon\n');
  });
});

describe('env', () => {
  it('is that of a link: --link db:db', () => {
    expect(linkEnvironment(named('db'), 'db', 'inside').split('\n')).toEqual([
      'DB_NAME=/db',
      'DB_PORT=tcp://172.17.0.16:3306',
      'DB_PORT_3306_TCP=tcp://172.17.0.16:3306',
      'DB_PORT_3306_TCP_PROTO=tcp',
      'DB_PORT_3306_TCP_PORT=3306',
      'DB_PORT_3306_TCP_ADDR=172.17.0.16',
      'DB_PORT_33060_TCP=tcp://172.17.0.16:33060',
      'DB_PORT_33060_TCP_PROTO=tcp',
      'DB_PORT_33060_TCP_PORT=33060',
      'DB_PORT_33060_TCP_ADDR=172.17.0.16',
      '',
    ]);
  });

  it('numbers replicas, and outside gives the host and its port under the name of the container port', () => {
    const lines = linkEnvironment(named('api.myapp'), 'my-api', 'outside').split('\n');
    expect(lines).toContain('MY_API_PORT_80_TCP_PORT=32775');
    expect(lines).toContain('MY_API_2_PORT_80_TCP=tcp://192.168.56.10:32776');
    expect(linkEnvironment([], 'none', 'inside')).toBe('');
  });

  it("is Marathon's: PORT0 on in the order of the ports, by name and by the container's number", () => {
    expect(marathonEnvironment(bridged, 'outside').split('\n')).toEqual([
      'HOST=192.0.2.1',
      'PORT=31500',
      'PORTS=31500,31501',
      'PORT0=31500',
      'PORT1=31501',
      'PORT_HTTP=31500',
      'PORT_ADMIN_UI=31501',
      'PORT_8080=31500',
      'PORT_8081=31501',
      '',
    ]);
  });
});

describe('ports', () => {
  it('of a container are those that `docker port` prints', () => {
    expect(portList(named('web'))).toBe('5000/tcp -> 0.0.0.0:32772\n5000/tcp -> [::]:32771\n');
    expect(portList(named('p_loop_udp'))).toBe('5000/udp -> 127.0.0.1:5002\n');
  });

  it('of one port are its bindings alone; tcp where nothing is said', () => {
    expect(portList(named('dnsboth'), parseWantedPort('53/udp'))).toBe('0.0.0.0:53053\n[::]:53053\n');
    expect(portList(named('p_loop_udp'), parseWantedPort('5000'))).toBe('');
    expect(parseWantedPort('http')).toBeUndefined();
    expect(parseWantedPort('70000')).toBeUndefined();
  });

  it('of several tasks stand under their names; of Mesos at the agent', () => {
    expect(portList([bridged, { ...bridged, name: 'web2' }], parseWantedPort('8080'))).toBe(
      'web\n192.0.2.1:31500\nweb2\n192.0.2.1:31500\n',
    );
  });

  it('of a swarm service are those that every node has', () => {
    const swarm = swarmCluster();
    expect(portList(tasksNamed(swarm.tasks, 'web.shop'))).toBe(
      '443/tcp -> 192.168.56.11:8443\n80/tcp -> 192.168.56.11:8070\n',
    );
  });
});

it('a name is first that of a task, else of an app or service', () => {
  expect(named('db').map(({ name }) => name)).toEqual(['db']);
  expect(named('34641b06a8f9')).toEqual(named('db'));
  expect(named('api').map(({ name }) => name)).toEqual(['myapp_api_1', 'myapp_api_2', 'n1']);
  expect(tasksNamed([bridged], '/shop/web')).toEqual([bridged]);
  expect(tasksNamed([bridged], 'shop/web')).toEqual([bridged]);
  expect(named('nosuch')).toEqual([]);
});
