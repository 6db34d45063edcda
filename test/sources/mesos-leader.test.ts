// Which masters are asked, in which order, and which may see the credentials.
import { describe, expect, it } from 'vitest';
import { hostPort, MesosMasters, originOf } from '../../src/sources/mesos-leader.ts';

const make = (masters: readonly string[], scheme: 'http' | 'https' = 'http') =>
  new MesosMasters({
    masters,
    zooKeeper: undefined,
    scheme,
    resolve: (host) => (host === 'master1.example.org' ? ['192.0.2.1', '192.0.2.2'] : []),
    onChange: () => {},
    onTrouble: () => {},
    now: () => 0,
  });

describe('MesosMasters', () => {
  it('asks who led last first, then all in their order, each once', () => {
    const masters = make(['a:5050', 'b:5050', 'a:5050']);
    expect(masters.candidates()).toEqual(['http://a:5050', 'http://b:5050']);
    masters.led('http://b:5050');
    expect(masters.candidates()).toEqual(['http://b:5050', 'http://a:5050']);
    masters.led('http://192.0.2.9:5050');
    expect(masters.candidates()).toEqual(['http://192.0.2.9:5050', 'http://a:5050', 'http://b:5050']);
  });

  it('knows a master by its listed name and by the address that the name has', () => {
    const { isKnown } = make(['master1.example.org:5050', '192.0.2.7:5050']);
    expect(isKnown('http://master1.example.org:5050')).toBe(true);
    expect(isKnown('http://192.0.2.1:5050')).toBe(true);
    expect(isKnown('http://192.0.2.7:5050')).toBe(true);
  });

  it.each(['http://192.0.2.1:5051', 'https://192.0.2.7:5050', 'http://192.0.2.8:5050', 'http://example.org:5050'])(
    'does not know %s: another port, scheme or host',
    (origin) => {
      expect(make(['master1.example.org:5050', '192.0.2.7:5050']).isKnown(origin)).toBe(false);
    },
  );

  it('does not let the last leader see credentials only because it led', () => {
    const masters = make(['a:5050']);
    masters.led('http://192.0.2.9:5050');
    expect(masters.isKnown('http://192.0.2.9:5050')).toBe(false);
  });

  it('has the addresses of all that have one, in their order, for masterN', () => {
    expect(make(['192.0.2.7:5050', 'unknown.example.org:5050', 'master1.example.org:5051']).all()).toEqual([
      { ip: '192.0.2.7', port: 5050 },
      { ip: '192.0.2.1', port: 5051 },
    ]);
  });

  it('writes origins as URLs have them: brackets, no default port, lower case', () => {
    expect(originOf('http', '[2001:db8::1]:5050')).toBe('http://[2001:db8::1]:5050');
    expect(originOf('https', 'Master.Example.ORG:443')).toBe('https://master.example.org');
    expect(hostPort('2001:db8::1', 1)).toBe('[2001:db8::1]:1');
  });
});
