// What needs no ZooKeeper to be seen: how its places are written and how the nodes of an election are read. The rest is in
// test/live/zookeeper.test.ts.
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { electionNodes, parseZooKeeperUrl, ZooKeeperMasters } from '../../src/sources/zookeeper.ts';

describe('parseZooKeeperUrl', () => {
  it.each([
    ['zk://a:2181/mesos', { servers: 'a:2181', path: '/mesos', user: undefined, password: undefined }],
    [
      'zk://192.0.2.1:2181,b.example.org/a/b',
      { servers: '192.0.2.1:2181,b.example.org', path: '/a/b', user: undefined, password: undefined },
    ],
    ['zk://u@a/m', { servers: 'a', path: '/m', user: 'u', password: undefined }],
    ['zk://u:p:q@a/m', { servers: 'a', path: '/m', user: 'u', password: 'p:q' }],
  ])('reads %s', (text, expected) => {
    expect(parseZooKeeperUrl(text)).toEqual(expected);
  });

  it.each([
    '',
    'a:2181/mesos',
    'zk://a:2181',
    'zk://a:2181/',
    'zk:///mesos',
    'zk://a,,b/mesos',
    'zk://[::1]:2181/mesos',
    'zk://a/m//n',
    'zk://a b/m',
    'file:///etc/mesos/zk',
  ])('refuses %j', (text) => {
    expect(parseZooKeeperUrl(text)).toBeUndefined();
  });
});

describe('electionNodes', () => {
  const names = (children: string[]) => electionNodes(children).map(({ name }) => name);

  it('puts the lowest number first, which leads, whatever the order of the list', () => {
    expect(names(['json.info_0000000012', 'json.info_0000000003', 'json.info_0000000007'])).toEqual([
      'json.info_0000000003',
      'json.info_0000000007',
      'json.info_0000000012',
    ]);
  });

  it('prefers JSON where a master wrote both forms, and leaves out what is no candidate', () => {
    const children = ['info_0000000003', 'json.info_0000000003', 'info_0000000004', 'log_replicas', 'json.info_x'];
    expect(electionNodes(children)).toEqual([
      { name: 'json.info_0000000003', isJson: true },
      { name: 'info_0000000004', isJson: false },
    ]);
  });

  it('does not depend on the order of the list (law)', () => {
    const child = fc
      .tuple(fc.boolean(), fc.nat({ max: 9 }))
      .map(([json, n]) => `${json ? 'json.' : ''}info_000000000${n}`);
    fc.assert(
      fc.property(fc.uniqueArray(child), (children) => {
        expect(electionNodes(children.toReversed())).toEqual(electionNodes(children));
      }),
    );
  });
});

describe('a ZooKeeper that is none', () => {
  /** The first trouble with a server that says the next of these (hex) to each thing that it hears, or hangs up. */
  async function troubleWith(answers: readonly string[] | 'hangs up'): Promise<string> {
    const server = createServer((socket) => {
      let heard = 0;
      socket.on('error', () => {});
      socket.on('data', () => socket.write(Buffer.from(answers[heard++] ?? '', 'hex')));
      if (answers === 'hangs up') socket.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    let trouble = '';
    const masters = new ZooKeeperMasters({
      url: parseZooKeeperUrl(`zk://127.0.0.1:${port}/mesos`)!,
      sessionMs: 200,
      onMasters: () => expect.fail('there are no masters'),
      onTrouble: (message) => {
        trouble ||= message;
      },
      now: Date.now,
    });
    await masters.start();
    await masters.stop();
    server.close();
    return trouble.replace(String(port), 'PORT');
  }
  /** A connect response: length, version, milliseconds of the session, its id, its password. */
  const welcome = '000000240000000000002710010000000000000100000010000102030405060708090a0b0c0d0e0f';

  it.each<[string, readonly string[] | 'hangs up', RegExp]>([
    ['says nothing', [], /: no connection within 200 ms$/],
    ['hangs up', 'hangs up', /: no server takes a connection$/],
    [
      'speaks HTTP',
      [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n').toString('hex')],
      /: no connection within 200 ms$/,
    ],
    ['welcomes us with too little', ['00000004ffffffff'], /: what it says cannot be read: /],
    [
      'answers in a code that is none',
      [welcome, '00000010000000000000000000000000c0ffee00'],
      /: what it says cannot be read: Unknown code/,
    ],
    ['answers what was not asked', [welcome, '00000010000000770000000000000000000000ff'], /: the connection was lost$/],
    ['welcomes us and falls silent', [welcome], /: no answer within 200 ms$/],
  ])('that %s is trouble and no more', async (_, answers, message) => {
    expect(await troubleWith(answers)).toMatch(message);
  });
});

describe('a ZooKeeper that is not there', () => {
  it('is trouble, without the password, and can be stopped', async () => {
    const troubles: string[] = [];
    const masters = new ZooKeeperMasters({
      url: parseZooKeeperUrl('zk://u:p4ssw0rd@127.0.0.1:1/mesos')!,
      onMasters: () => {},
      onTrouble: (message) => troubles.push(message),
      now: Date.now,
    });
    await masters.start();
    await masters.stop();
    expect(troubles).toEqual(['Cannot read the masters from zk://127.0.0.1:1/mesos: no server takes a connection']);
  });
});
