import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromLabels, parseName } from '../../src/wire/name.ts';
import { u16, u32 } from '../../src/wire/rr.ts';
import { PresentationError } from '../../src/wire/tokens.ts';
import {
  foldRdata,
  isDataType,
  mnemonicOf,
  nameOffsets,
  RECORD_TYPES,
  rdataFromText,
  rdataToText,
  typeByMnemonic,
} from '../../src/wire/types.ts';

const octets = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const counted = (min: number, max = 255) => octets(min, max).map((text) => String.fromCharCode(text.length) + text);
const byte = (max = 255) => fc.integer({ min: 0, max }).map((value) => String.fromCharCode(value));
const join = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(''));
const many = (one: fc.Arbitrary<string>, minLength: number, maxLength: number) =>
  fc.array(one, { minLength, maxLength }).map((all) => all.join(''));

const name = fc.array(octets(1, 20), { maxLength: 6 }).map((labels) => fromLabels(labels)!);

const bitmap = fc
  .uniqueArray(fc.integer({ min: 1, max: 65535 }), { maxLength: 8 })
  .map((codes) => rdataFromText(typeByMnemonic('CSYNC')!, `0 0 ${codes.map(mnemonicOf).join(' ')}`).slice(6));

const minimal = (text: string) => text.replace(/\0+$/, '');

const prefix = fc
  .oneof(
    fc.tuple(fc.constant(1), fc.integer({ min: 0, max: 32 }), octets(4, 4)),
    fc.tuple(fc.constant(2), fc.integer({ min: 0, max: 128 }), octets(16, 16)),
  )
  .chain(([family, length, address]) =>
    fc.boolean().map((negated) => {
      const part = minimal(address);
      return u16(family) + String.fromCharCode(length, part.length | (negated ? 128 : 0)) + part;
    }),
  );

const gateway = (type: number) => [fc.constant(''), octets(4, 4), octets(16, 16), name][type]!;
const gatewayType = fc.integer({ min: 0, max: 3 });

const parameter = {
  1: many(counted(1, 20), 1, 3),
  3: octets(2, 2),
  4: many(octets(4, 4), 1, 3),
  5: octets(1, 40),
  6: many(octets(16, 16), 1, 3),
  7: octets(1, 30),
  667: octets(0, 30),
  65534: octets(0, 30),
};
const parameters = fc.record(parameter, { requiredKeys: [] }).chain((values) =>
  fc.subarray(Object.keys(values)).map((mandatory) => {
    const all: [number, string][] = Object.entries(values).map(([key, value]) => [Number(key), value]);
    if (mandatory.length > 0)
      all.push([
        0,
        mandatory
          .map(Number)
          .sort((a, b) => a - b)
          .map(u16)
          .join(''),
      ]);
    return all
      .sort(([a], [b]) => a - b)
      .map(([key, value]) => u16(key) + u16(value.length) + value)
      .join('');
  }),
);

const sizeOctet = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }))
  .map(([digit, exponent]) => String.fromCharCode(digit === 0 ? 0 : (digit << 4) | exponent));
const angle = (degrees: number) =>
  fc.integer({ min: -degrees * 3_600_000, max: degrees * 3_600_000 }).map((value) => u32(2 ** 31 + value));

/** Random octets of each kind of field. */
const KINDS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  u8: byte(),
  u16: octets(2, 2),
  u32: octets(4, 4),
  name,
  ipv4: octets(4, 4),
  ipv6: octets(16, 16),
  string: counted(0),
  'string?': fc.oneof(fc.constant(''), counted(0)),
  strings: many(counted(0), 1, 4),
  text: octets(0, 300),
  hex: octets(1, 64),
  salt: counted(0),
  base64: octets(1, 64),
  'base64?': octets(0, 64),
  base32: counted(1),
  bitmap,
  tag: fc.stringMatching(/^[a-zA-Z0-9]{1,15}$/).map((tag) => String.fromCharCode(tag.length) + tag),
  ports: octets(0, 30).map(minimal),
  groups6: octets(6, 6),
  groups8: octets(8, 8),
  loc: join(fc.constant('\0'), sizeOctet, sizeOctet, sizeOctet, angle(90), angle(180), octets(4, 4)),
  apl: many(prefix, 0, 4),
  ipseckey: gatewayType.chain((type) =>
    join(fc.constant(String.fromCharCode(type)), byte(), gateway(type), octets(0, 40)),
  ),
  amtrelay: fc
    .tuple(gatewayType, fc.boolean())
    .chain(([type, optional]) => join(fc.constant(String.fromCharCode(type | (optional ? 128 : 0))), gateway(type))),
  hip: fc
    .tuple(octets(1, 32), octets(1, 64), byte(), many(name, 0, 2))
    .map(
      ([tag, key, algorithm, servers]) =>
        String.fromCharCode(tag.length) + algorithm + u16(key.length) + tag + key + servers,
    ),
  svcparams: parameters,
};

const code = (mnemonic: string): number => typeByMnemonic(mnemonic)!;
const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex');

describe('record types', () => {
  for (const row of RECORD_TYPES.filter((one) => one.fields)) {
    it(`${row.mnemonic}: octets -> text -> octets -> text is the identity, also in the form of RFC 3597`, () => {
      fc.assert(
        fc.property(join(...row.fields!.map((field) => KINDS[field.kind]!)), (rdata) => {
          const text = rdataToText(row.code, rdata);
          expect(text).not.toMatch(/^\\#/);
          expect(hex(rdataFromText(row.code, text))).toBe(hex(rdata));
          expect(rdataToText(row.code, rdataFromText(row.code, text))).toBe(text);
          expect(hex(rdataFromText(row.code, `\\# ${rdata.length} ${hex(rdata)}`))).toBe(hex(rdata));
        }),
        { numRuns: 60 },
      );
    });
  }

  it('any octets of any type have a text that reads back as the same octets (RFC 3597 5)', () => {
    const types = fc.oneof(
      fc.constantFrom(...RECORD_TYPES.map((row) => row.code)),
      fc.integer({ min: 256, max: 65535 }),
    );
    fc.assert(
      fc.property(types, octets(0, 80), (type, rdata) => {
        const text = rdataToText(type, rdata);
        // What is malformed for its type is shown, and refused when it is read.
        if (text.startsWith('\\#') && RECORD_TYPES.some((row) => row.code === type && row.fields))
          expect(() => rdataFromText(type, text)).toThrow(PresentationError);
        else expect(hex(rdataFromText(type, text))).toBe(hex(rdata));
      }),
      { numRuns: 2000 },
    );
  });

  it('codes and mnemonics are unique', () => {
    expect(new Set(RECORD_TYPES.map((row) => row.code)).size).toBe(RECORD_TYPES.length);
    expect(new Set(RECORD_TYPES.map((row) => row.mnemonic)).size).toBe(RECORD_TYPES.length);
  });

  it('mnemonics are read in any case, unknown types as TYPEnnn (RFC 3597 5)', () => {
    expect(['aaaa', 'TYPE28', 'type65280', 'TYPE65536', 'TYPE01', 'NONSENSE', 'ANY'].map(typeByMnemonic)).toEqual([
      28,
      28,
      65280,
      undefined,
      undefined,
      undefined,
      255,
    ]);
    expect([mnemonicOf(33), mnemonicOf(65280)]).toEqual(['SRV', 'TYPE65280']);
  });

  it('types of questions are no data (RFC 6895 3.1)', () => {
    expect([0, 1, 41, 127, 128, 255, 256, 65280].map(isDataType)).toEqual([
      false,
      true,
      false,
      true,
      false,
      false,
      true,
      true,
    ]);
  });

  // Text, octets in hexadecimal: examples printed in the RFCs.
  const EXAMPLES: readonly (readonly [string, string, string, string])[] = [
    [
      'DS',
      '60485 5 1 ( 2BB183AF5F22588179A53B0A 98631FAD1A292118 )',
      'ec4505012bb183af5f22588179a53b0a98631fad1a292118',
      'RFC 4034 5.4',
    ],
    [
      'NSEC',
      'host.example.com. ( A MX RRSIG NSEC TYPE1234 )',
      '04686f7374076578616d706c6503636f6d000006400100000003041b000000000000000000000000000000000000000000000000000020',
      'RFC 4034 4.3',
    ],
    ['APL', '1:192.168.32.0/21 !1:192.168.38.0/28', '00011503c0a82000011c83c0a826', 'RFC 3123 5'],
    ['EUI48', '00-00-5e-00-53-2a', '00005e00532a', 'RFC 7043 3.2'],
    ['L64', '10 2001:0DB8:1140:1000', '000a20010db811401000', 'RFC 6742 2.3.3'],
    ['CAA', '0 issue "letsencrypt.org"', '000569737375656c657473656e63727970742e6f7267', 'RFC 8659 4.1'],
    ['SVCB', '0 foo.example.com.', '000003666f6f076578616d706c6503636f6d00', 'RFC 9460 D.1'],
    ['SVCB', '16 foo.example.com. port=53', '001003666f6f076578616d706c6503636f6d00000300020035', 'RFC 9460 D.2'],
    [
      'SVCB',
      '1 foo.example.com. key667="hello\\210qoo"',
      '000103666f6f076578616d706c6503636f6d00029b000968656c6c6fd2716f6f',
      'RFC 9460 D.2',
    ],
    [
      'SVCB',
      '16 foo.example.org. (alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1)',
      '001003666f6f076578616d706c65036f7267000000000400010004000100090268320568332d313900040004c0000201',
      'RFC 9460 D.2',
    ],
    [
      'SVCB',
      '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
      '001003666f6f076578616d706c65036f7267000001000c08665c6f6f2c626172026832',
      'RFC 9460 D.2',
    ],
    [
      'SVCB',
      '16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2',
      '001003666f6f076578616d706c65036f7267000001000c08665c6f6f2c626172026832',
      'RFC 9460 D.2',
    ],
    ['TYPE62347', '\\# 0', '', 'RFC 3597 5'],
    ['TYPE731', '\\# 6 abcd ( ef 01 23 45 )', 'abcdef012345', 'RFC 3597 5'],
    ['SOA', 'a. b. 1 1h30m 1W2d 3H 86400', '0161000162000000000100001518000bdd8000002a3000015180', 'BIND time units'],
  ];
  for (const [type, text, expected, source] of EXAMPLES)
    it(`${type} ${text} (${source})`, () => expect(hex(rdataFromText(code(type), text))).toBe(expected));

  // Type, text, column of the fault, part of the message.
  const FAULTS: readonly (readonly [string, string, number, RegExp])[] = [
    ['A', '010.0.0.1', 1, /A address: expected an IPv4 address/],
    ['A', '1.2.3', 1, /got "1.2.3"/],
    ['A', '2001:db8::1', 1, /IPv4/],
    ['AAAA', '192.0.2.1', 1, /IPv6/],
    ['A', '', 1, /got the end of the record/],
    ['SRV', '0 0 65536 x.', 5, /SRV port: expected a number from 0 to 65535, got "65536"/],
    ['SRV', '0 0 80', 7, /SRV target: expected a domain name, got the end of the record/],
    ['MX', '10 mail. extra', 10, /expected the end of the record, got "extra"/],
    ['MX', '-1 mail.', 1, /preference/],
    ['SOA', 'a. b. 4294967296 1 1 1 1', 7, /SOA serial/],
    ['TXT', `"${'x'.repeat(256)}"`, 1, /at most 255 octets in a string, got 256/],
    ['TXT', '"a\\999"', 3, /over 255/],
    ['NS', 'a..b.', 3, /label may not be empty/],
    ['NS', `${'a'.repeat(64)}.`, 1, /63 octets/],
    ['A', '\\# 4 C00002', 1, /4 octets as announced instead of 3/],
    ['A', '\\# 3 C00002', 1, /too early/],
    ['TYPE65280', 'text', 1, /RFC 3597/],
    ['TYPE65280', '\\# 2 abcg', 9, /hexadecimal digits/],
    ['TYPE65280', '\\# 1 abc', 6, /even number/],
    ['HTTPS', '1 . alpn=h2 alpn=h3', 13, /only once/],
    ['HTTPS', '1 . no-default-alpn', 5, /alpn beside no-default-alpn/],
    ['HTTPS', '1 . port=65536', 5, /0 to 65535/],
    ['HTTPS', '1 . key65535=x', 5, /a parameter such as/],
    ['HTTPS', '1 . mandatory=port', 5, /port, which is listed in mandatory/],
    ['DNSKEY', '256 3 13 AAA', 10, /base64/],
    ['RRSIG', 'A 13 2 300 20301301000000 20200101000000 1 . AAAA', 12, /YYYYMMDDHHmmSS/],
    ['LOC', '91 N 0 E 0m', 1, /degrees/],
    ['CAA', '0 is_sue "x"', 3, /letters and digits/],
  ];
  for (const [type, text, column, message] of FAULTS)
    it(`refuses ${type} ${text.slice(0, 40)} at column ${column}`, () => {
      let caught: unknown;
      try {
        rdataFromText(code(type), text);
      } catch (error) {
        caught = error;
      }
      expect(caught).toBeInstanceOf(PresentationError);
      expect(caught).toMatchObject({ line: 1, column, message: expect.stringMatching(message) });
    });

  it('relative names are completed with the origin, @ is the origin', () => {
    const origin = parseName('example.org.');
    expect(rdataToText(code('MX'), rdataFromText(code('MX'), '10 mail', origin))).toBe('10 mail.example.org.');
    expect(rdataToText(code('NS'), rdataFromText(code('NS'), '@', origin))).toBe('example.org.');
  });

  it('knows where the names of an rdata stand, and folds them alone (RFC 4034 6.2)', () => {
    const naptr = rdataFromText(code('NAPTR'), '1 2 "S" "SIP+D2U" "" _SIP._udp.Example.ORG.');
    expect(nameOffsets(code('NAPTR'), naptr)).toEqual([15]);
    expect(rdataToText(code('NAPTR'), foldRdata(code('NAPTR'), naptr))).toBe(
      '1 2 "S" "SIP+D2U" "" _sip._udp.example.org.',
    );
    const soa = rdataFromText(code('SOA'), 'NS.a. Host.b. 65 66 67 68 69');
    expect(nameOffsets(code('SOA'), soa)).toEqual([0, 6]);
    expect(foldRdata(code('TXT'), '\x01A')).toBe('\x01A');
  });
});
