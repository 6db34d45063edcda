// Addresses as octets, held to Node's own reader, which is as strict.
import { isIPv4 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressOctets, addressText } from '../../src/wire/rr.ts';

describe('addressOctets', () => {
  it('gives four octets for an IPv4 address, and nothing for what is none (RFC 6943 3.1.1)', () => {
    const part = fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '0', '00', '010', '256', '1e1', '-1', ' 1'));
    const text = fc.array(part, { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(fc.oneof(text, fc.ipV4()), (ip) => {
        const octets = addressOctets(ip);
        expect(octets && addressText(octets)).toBe(isIPv4(ip) ? ip : undefined);
      }),
    );
  });
});
