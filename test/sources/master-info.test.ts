// MasterInfo in its three forms (Mesos: mesos.proto).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMasterInfo, parseMasterInfo, readMasterInfo } from '../../src/sources/master-info.ts';
import { binaryMasterInfo } from '../stand-ins/master-info.ts';

describe('MasterInfo as JSON', () => {
  it('has its address in "address" (Mesos 0.24 and later)', () => {
    const json = {
      address: { hostname: 'master1.example.org', ip: '192.0.2.1', port: 5051 },
      hostname: 'other',
      ip: 16_908_480,
      pid: 'master@192.0.2.9:5050',
      port: 5050,
    };
    expect(parseMasterInfo(Buffer.from(JSON.stringify(json)))).toEqual({
      ip: '192.0.2.1',
      port: 5051,
      hostname: 'master1.example.org',
    });
  });

  it('has IPv6 addresses only there', () => {
    expect(readMasterInfo({ address: { ip: '2001:DB8::1', port: 5050 } })).toEqual({
      ip: '2001:db8::1',
      port: 5050,
      hostname: '',
    });
  });

  it('has a packed IPv4 address where it is older: the first octet lowest', () => {
    expect(readMasterInfo({ ip: 0x010200c0, port: 5050 })).toEqual({ ip: '192.0.2.1', port: 5050, hostname: '' });
  });

  it.each([
    undefined,
    [],
    {},
    { ip: 1 },
    { port: 5050 },
    { ip: -1, port: 5050 },
    { address: { ip: 'a', port: 1 } },
    { address: { ip: '192.0.2.1', port: 70_000 } },
  ])('%j says no address', (value) => {
    expect(readMasterInfo(value)).toBeUndefined();
  });

  it('that is no JSON is none', () => {
    expect(parseMasterInfo(Buffer.from('{"ip":'))).toBeUndefined();
  });
});

describe('MasterInfo as protobuf', () => {
  it('of an old master has a packed address', () => {
    expect(decodeMasterInfo(binaryMasterInfo({ ip: '192.0.2.200', port: 5051, hostname: 'm.example.org' }))).toEqual({
      ip: '192.0.2.200',
      port: 5051,
      hostname: 'm.example.org',
    });
  });

  it('without a port has 5050, the default of the field', () => {
    expect(decodeMasterInfo(binaryMasterInfo({ ip: '192.0.2.1' }))).toMatchObject({ port: 5050 });
  });

  it('of a newer one has a message with the address', () => {
    const address = { ip: '2001:db8::1', port: 5052, hostname: 'm6.example.org' };
    expect(decodeMasterInfo(binaryMasterInfo({ ip: '192.0.2.1', port: 5050, address }))).toEqual(address);
  });

  it('is read or refused for any octets, and never fails (law)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        const info = decodeMasterInfo(Buffer.from(octets));
        expect(info === undefined || typeof info.ip === 'string').toBe(true);
      }),
    );
  });

  it('that is cut anywhere gives nothing that it does not say', () => {
    const octets = binaryMasterInfo({ ip: '192.0.2.1', port: 5051, hostname: 'm.example.org' });
    for (let length = 0; length < octets.length; length++) {
      const info = decodeMasterInfo(octets.subarray(0, length));
      if (info) expect(info.ip).toBe('192.0.2.1');
    }
    expect(decodeMasterInfo(octets.subarray(0, octets.length - 1))).toBeUndefined();
  });
});
