// Types that point at a gateway or relay, whose form depends on a field before it (IPSECKEY RFC 4025, AMTRELAY RFC 8777),
// and the host identity (HIP, RFC 8005).
import { base64Text, hexText, takeBase64, takeHex } from '../field-encodings.ts';
import type { Field, OctetReader, RecordType } from '../fields.ts';
import { ipv4Field, ipv6Field, nameField, takeName, takeNumber, u8Field } from '../fields.ts';
import type { Octets } from '../name.ts';
import { nameToText } from '../name.ts';
import { u16 } from '../rr.ts';
import type { TokenReader } from '../tokens.ts';

/** The gateway by its type: none (`.`), IPv4, IPv6 or a name; the types are the same in both RFCs. */
const GATEWAYS: readonly Field[] = [
  {
    name: 'gateway',
    kind: 'none',
    parse: (tokens) => {
      const token = tokens.take('. for no gateway');
      if (token.text !== '.') throw tokens.unexpected(token, '. for no gateway');
      return '';
    },
    format: () => '.',
  },
  ipv4Field('gateway'),
  ipv6Field('gateway'),
  nameField('gateway'),
];

function parseGateway(tokens: TokenReader, type: number): Octets {
  return GATEWAYS[type]!.parse(tokens);
}

function formatGateway(octets: OctetReader, type: number): string {
  const gateway = GATEWAYS[type];
  if (!gateway) throw new RangeError(`gateway type ${type} is not known`);
  return gateway.format(octets);
}

const ipsecGatewayField: Field = {
  name: 'gateway',
  kind: 'ipseckey',
  parse: (tokens) => {
    const type = takeNumber(tokens, 3);
    const algorithm = takeNumber(tokens, 255);
    const gateway = parseGateway(tokens, type);
    const key = tokens.peek() ? takeBase64(tokens, tokens.takeRest('base64 digits')) : '';
    return String.fromCharCode(type, algorithm) + gateway + key;
  },
  format: (octets) => {
    const type = octets.number(1);
    const algorithm = octets.number(1);
    return `${type} ${algorithm} ${formatGateway(octets, type)} ${base64Text(octets.rest())}`.trimEnd();
  },
};

const relayField: Field = {
  name: 'relay',
  kind: 'amtrelay',
  parse: (tokens) => {
    const optional = takeNumber(tokens, 1);
    const type = takeNumber(tokens, 3);
    return String.fromCharCode((optional << 7) | type) + parseGateway(tokens, type);
  },
  format: (octets) => {
    const first = octets.number(1);
    return `${first >> 7} ${first & 0x7f} ${formatGateway(octets, first & 0x7f)}`;
  },
};

const hostIdentityField: Field = {
  name: 'host identity',
  kind: 'hip',
  parse: (tokens) => {
    const algorithm = takeNumber(tokens, 255);
    const tagToken = tokens.take('the host identity tag in hexadecimal');
    const tag = takeHex(tokens, [tagToken]);
    if (tag === '' || tag.length > 255) throw tokens.unexpected(tagToken, 'a tag of 1 to 255 octets');
    const keyToken = tokens.take('the public key in base64');
    const key = takeBase64(tokens, [keyToken]);
    if (key === '') throw tokens.unexpected(keyToken, 'a public key');
    let octets = String.fromCharCode(tag.length, algorithm) + u16(key.length) + tag + key;
    while (tokens.peek()) octets += takeName(tokens);
    return octets;
  },
  format: (octets) => {
    const tagLength = octets.number(1);
    const algorithm = octets.number(1);
    const keyLength = octets.number(2);
    if (tagLength === 0 || keyLength === 0) throw new RangeError('a host identity has a tag and a key');
    const parts = [String(algorithm), hexText(octets.take(tagLength)), base64Text(octets.take(keyLength))];
    while (octets.left > 0) parts.push(nameToText(octets.name()));
    return parts.join(' ');
  },
};

export const IPSECKEY = {
  mnemonic: 'IPSECKEY',
  code: 45,
  rfc: 'RFC 4025',
  fields: [u8Field('precedence'), ipsecGatewayField],
} satisfies RecordType;
export const HIP = { mnemonic: 'HIP', code: 55, rfc: 'RFC 8005', fields: [hostIdentityField] } satisfies RecordType;
export const AMTRELAY = {
  mnemonic: 'AMTRELAY',
  code: 260,
  rfc: 'RFC 8777',
  fields: [u8Field('precedence'), relayField],
} satisfies RecordType;
