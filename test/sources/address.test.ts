// Addresses and virtual addresses as outside systems write them.
import { describe, expect, test } from 'vitest';
import { parseHostPort, parseIp, parsePid } from '../../src/sources/address.ts';
import { parseVip, uniteVips, vipText } from '../../src/sources/vip.ts';

describe('parseIp', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fd01:b::2:8000:0:2', 'fd01:b::2:8000:0:2'],
    ['::ffff:9.9.9.9', '9.9.9.9'],
    ['::FFFF:0909:ff09', '9.9.255.9'],
    ['::ffff:255.255.255.255', '255.255.255.255'],
  ])('%s reads as %s', (text, ip) => {
    expect(parseIp(text)).toBe(ip);
  });

  test.each([
    '',
    '192.0.2',
    '192.0.2.01',
    '192.0.2.1/24',
    'fe80::1%eth0',
    '[2001:db8::1]',
    'example.org',
    7,
    null,
    undefined,
  ])('%j is no address', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });
});

describe('parsePid (libprocess ids)', () => {
  test.each([
    ['slave(1)@192.0.2.1:5051', { host: '192.0.2.1', port: 5051 }],
    ['slave(1)@[2001:db8::12]:5051', { host: '2001:db8::12', port: 5051 }],
    ['scheduler@example.org:0', { host: 'example.org', port: 0 }],
  ])('%s', (text, expected) => {
    expect(parsePid(text)).toEqual(expected);
  });

  test.each(['', '192.0.2.1:5051', 'slave(1)@', 'slave(1)@192.0.2.1', 'slave(1)@:5051', 'slave(1)@192.0.2.1:70000'])(
    '%j is none',
    (text) => {
      expect(parsePid(text)).toBeUndefined();
    },
  );

  test('an IPv6 host needs no brackets: the last colon is before the port', () => {
    expect(parseHostPort('2001:db8::1:53')).toEqual({ host: '2001:db8::1', port: 53 });
  });
});

describe('parseVip (dcos-l4lb-marathon.md 2.1)', () => {
  test.each([
    ['/httpi:3141', { kind: 'named', label: '/httpi', port: 3141 }],
    ['dispatcher.spark:7077', { kind: 'named', label: 'dispatcher.spark', port: 7077 }],
    ['1.2.3.4:80', { kind: 'literal', ip: '1.2.3.4', port: 80 }],
    ['fd01:c::7:80', { kind: 'literal', ip: 'fd01:c::7', port: 80 }],
    ['[fd01:c::1]:80', { kind: 'literal', ip: 'fd01:c::1', port: 80 }],
    ['1.2.3:80', { kind: 'named', label: '1.2.3', port: 80 }],
  ])('%s', (text, vip) => {
    expect(parseVip(text)).toEqual(vip);
  });

  test.each(['foo', 'foo:', 'foo:x', 'foo:0', ':80', 'foo:65536', 'foo:-1', 'foo: 80'])('%j is rejected', (text) => {
    expect(parseVip(text)).toBeUndefined();
  });

  test('united lists hold each once, sorted by their text', () => {
    const vips = (...texts: string[]) => texts.map((text) => parseVip(text)!);
    expect(uniteVips(vips('def:80', '/abc:80'), vips('/cbd:80', 'def:80'))!.map(vipText)).toEqual([
      '/abc:80',
      '/cbd:80',
      'def:80',
    ]);
    expect(uniteVips([], undefined)).toBeUndefined();
  });
});
