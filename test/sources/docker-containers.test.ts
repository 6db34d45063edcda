// Inspected containers as tasks: every recorded form of ports, networks and states (systems.md D1 to D6, D9, D12, E2;
// docker-swarm.md 2, 3).
import { describe, expect, it } from 'vitest';
import type { Port } from '../../src/model/port.ts';
import { readContainer } from '../../src/sources/docker-containers.ts';
import { container, RECORDED_CONTAINERS, recorded } from '../stand-ins/docker-scenario.ts';

/** `80/tcp<-0.0.0.0:32771`; just `80/tcp` when the host has none. */
function text({ containerPort, protocol, hostPort, hostAddress = '*' }: Port): string {
  const bound =
    hostPort === undefined ? '' : `<-${hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress}:${hostPort}`;
  return `${containerPort}/${protocol}${bound}`;
}

function portsOf(name: string): string {
  return readContainer(recorded(`inspect-${name}`))
    .ports.map(text)
    .join(' ');
}

describe('ports', () => {
  it.each([
    ['-P', 'p_all', '5000/tcp<-0.0.0.0:32768 5000/tcp<-[::]:32768'],
    ['-p 5000:5000', 'p_fixed', '5000/tcp<-0.0.0.0:5000 5000/tcp<-[::]:5000'],
    ['-p 80, another number for each family', 'p_containeronly', '80/tcp<-0.0.0.0:32771 80/tcp<-[::]:32770 443/tcp'],
    ['-p 127.0.0.1:5001:5000', 'p_loop', '5000/tcp<-127.0.0.1:5001'],
    ['-p 127.0.0.1::5000', 'p_loop_rand', '5000/tcp<-127.0.0.1:32769'],
    [
      '-p 127.0.0.1:5002:5000/udp, the tcp port beside it only exposed',
      'p_loop_udp',
      '5000/tcp 5000/udp<-127.0.0.1:5002',
    ],
    ['-p 192.168.56.10:5003:5000', 'p_hostip', '5000/tcp<-192.168.56.10:5003'],
    ['-p [::1]:5004:5000', 'p_v6loop', '5000/tcp<-[::1]:5004'],
    [
      '-p 7000-7002:7000-7002',
      'range',
      '5000/tcp 7000/tcp<-0.0.0.0:7000 7000/tcp<-[::]:7000 7001/tcp<-0.0.0.0:7001 7001/tcp<-[::]:7001 7002/tcp<-0.0.0.0:7002 7002/tcp<-[::]:7002',
    ],
    [
      'one port bound three times',
      'multibind',
      '80/tcp<-0.0.0.0:8202 80/tcp<-127.0.0.1:8201 80/tcp<-192.168.56.10:8201 80/tcp<-[::]:8202 443/tcp',
    ],
    [
      'tcp and udp',
      'dnsboth',
      '53/tcp<-0.0.0.0:53053 53/tcp<-[::]:53053 53/udp<-0.0.0.0:53053 53/udp<-[::]:53053 5000/tcp',
    ],
    ['EXPOSE alone', 'exposeonly', '80/tcp 443/tcp'],
    ['-p on an internal network, which the engine drops without a word', 'intern', '80/tcp 443/tcp'],
    ['SCTP, which nobody looks up', 'sctp-failed', '80/tcp 443/tcp'],
    ['host mode, of which only the image tells', 'hostnet', '5000/tcp'],
  ])('%s', (_, name, expected) => {
    expect(portsOf(name)).toBe(expected);
  });

  it('a host port 0 is none (docker-py 3358), and Podman says no address for all of them', () => {
    const ports = { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '0' }], '81/tcp': [{ HostIp: '', HostPort: '8081' }] };
    expect(readContainer(container('odd', { ports })).ports.map(text)).toEqual(['80/tcp', '81/tcp<-*:8081']);
  });
});

describe('state', () => {
  it.each([
    ['web', 'running', undefined, true],
    ['p_fixed', 'preparing', undefined, true],
    ['restarting', 'preparing', undefined, true],
    ['createdonly', 'preparing', undefined, true],
    ['exited', 'terminal', undefined, true],
    ['healthy', 'running', true, true],
    ['sick', 'running', false, true],
  ])('%s is %s, healthy %s, ready %s', (name, state, healthy, ready) => {
    expect(readContainer(recorded(`inspect-${name}`))).toMatchObject({ state, healthy, ready });
  });

  it('a check without a verdict yet is not ready', () => {
    expect(readContainer(container('new', { health: 'starting' }))).toMatchObject({ healthy: false, ready: false });
  });
});

describe('names and places', () => {
  it('addresses stand by network, with the aliases that users gave', () => {
    const { attachments } = readContainer(recorded('inspect-multinet'));
    expect(attachments.map(({ addresses, aliases }) => ({ addresses, aliases }))).toEqual([
      { addresses: ['172.18.0.3'], aliases: [] },
      { addresses: ['10.99.0.3', 'fd00:99::3'], aliases: ['multi2'] },
    ]);
  });

  it('nothing is read from above the networks: those fields are gone since API 1.52', () => {
    for (const name of RECORDED_CONTAINERS) {
      const before = recorded(`inspect-${name}`);
      const after = structuredClone(before);
      for (const key of ['IPAddress', 'IPPrefixLen', 'Gateway', 'GlobalIPv6Address', 'MacAddress', 'Bridge'])
        delete (after.NetworkSettings as Record<string, unknown>)[key];
      expect(readContainer(after)).toEqual(readContainer(before));
    }
  });

  it('a host name is one when it was given', () => {
    expect(readContainer(recorded('inspect-hostname1')).hostname).toBe('myhost.example.com');
    expect(readContainer(recorded('inspect-web')).hostname).toBeUndefined();
    expect(readContainer(recorded('inspect-hostnet')).hostname).toBeUndefined();
    expect(readContainer(recorded('inspect-shared')).hostname).toBeUndefined();
  });

  it('--link db:alias, without the linking container in front', () => {
    expect(readContainer(recorded('inspect-web')).linksTo).toEqual([{ name: 'db', alias: 'db' }]);
  });

  it('the network of another container', () => {
    expect(readContainer(recorded('inspect-shared')).network).toEqual({
      of: '2280452611fa4d4cc035c4ae02558cae0195d050f26a0e46b9ec6226913ab7b3',
    });
  });

  it('a compose service, its project and number; not what `compose run` started', () => {
    expect(readContainer(recorded('inspect-myapp_api_2')).replica).toEqual({
      service: 'api',
      stack: 'myapp',
      name: '2',
    });
    const labels = { 'com.docker.compose.service': 'api', 'com.docker.compose.oneoff': 'True' };
    expect(readContainer(container('once', { labels })).replica).toBeUndefined();
  });

  it('variables of registrator count as labels, and labels come first', () => {
    const env = ['SERVICE_NAME=fromenv', 'SERVICE_80_NAME=http', 'PATH=/bin', 'SECRET=x'];
    expect(readContainer(container('reg', { env, labels: { SERVICE_NAME: 'fromlabel' } })).labels).toEqual({
      SERVICE_NAME: 'fromlabel',
      SERVICE_80_NAME: 'http',
    });
  });

  it('a Mesos task is told by its variable, under a name of Mesos only', () => {
    const env = ['MESOS_TASK_ID=web.1'];
    expect(readContainer(container('mesos-0f3a', { env })).mesosTask).toBe('web.1');
    expect(readContainer(container('other', { env })).mesosTask).toBeUndefined();
  });

  it('what is no container is refused', () => {
    expect(() => readContainer({ Name: '/web' })).toThrow('expected an Id and a Name');
  });
});
