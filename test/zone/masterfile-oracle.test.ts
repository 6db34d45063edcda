// The reader against BIND's own: `named-checkzone` (package bind9-utils), where it is installed. Its "raw" form is the zone
// as octets, so that what text means is compared without our own reader having a part in the answer.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fold } from '../../src/wire/name.ts';
import type { RR } from '../../src/wire/rr.ts';
import { foldRdata, mnemonicOf, RECORD_TYPES } from '../../src/wire/types.ts';
import { parseMasterFile, problemText } from '../../src/zone/masterfile.ts';
import { writeMasterFile } from '../../src/zone/masterfile-writer.ts';

const installed = spawnSync('named-checkzone', ['-v']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'portolan-oracle-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A zone that uses every rule of the form and, below, every type that BIND knows. */
const TRICKY = `
; comment first ( " not open
$TTL 1h30m
@\tIN SOA ns1 host\\.master ( ; serial next
      2024010101 ; "
      1D 2H
  3W 4m5s ) ; end
 IN NS ns1
   NS ns2.example.com.
ns1 300 IN A 192.0.2.1
\tIN 400 AAAA 2001:db8::1
A.B IN A 192.0.2.2
a.b A 192.0.2.2
$ORIGIN sub
@ 5 TXT "quoted \\"in\\" \\\\ ; ( )" plain\\032space \\000\\255 ""
x TXT ( one
two
"three" )"four""five"
dot\\.ted.label\\@ A 192.0.2.3
\\* A 192.0.2.4
*.wild MX 10 @
under_score SRV 0 5 8080 host.example.org.
$ORIGIN example.org.
$TTL 60
high\\200octet A 192.0.2.5
generic TYPE65280 \\# 4 0A 00 ( 00
 01 )
generic A \\# 4 C0000201
generic TYPE28 2001:db8::ff00:192.0.2.1
none TYPE62347 \\# 0
class CLASS1 TYPE1 192.0.2.6
lower in a 192.0.2.7
$GENERATE 0-6/3 gen$ A 192.0.2.$
$GENERATE 1-2 nib\${15,3,n} PTR host\${-1,3,o}.\${10,0,X}
$generate 3-4 srv$ 77 IN SRV "0 0 80\${0,2,d} gen$"
sig.nsec A 192.0.2.8
`;

/** A record or more of each type that BIND 9.18 reads, in the spelling of the RFCs. */
const TYPES = `
t MB m
t MG m
t MR m
t WKS 192.0.2.1 6 25 80 443
t PTR p.example.com.
t HINFO "PDP-11" UNIX
t MINFO r e
t RP mbox txt
t AFSDB 1 afs
t X25 "311061700956"
t ISDN "150862028003217" "004"
t2 ISDN "150862028003217"
t RT 10 relay
t NSAP 0x47.0005.80.005a00.0000.0001.e133.ffffff000162.00
t NSAP-PTR foo
t PX 10 net2.it. prmd-net2.admdb.c-it.
t GPOS "-32.6882" "116.8652" "10.0"
t KX 10 kx
t LOC 51 30 12.748 N 0 7 39.611 W 10.50m 30m 10m 2m
t2 LOC 42 21 54 N 71 06 18 W -24m
t3 LOC 52 S 5 E -100000m 0.05m 90000000m 123m
t NAPTR 100 50 "s" "http+I2L+I2C+I2R" "!^(.*)$!x\\\\1!" _http._tcp.gatech.edu.
t CERT PKIX 65535 RSASHA256 Zm9v YmFy
t SSHFP 2 1 123456789abcdef67890123456789abcdef67890
t IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
t IPSECKEY 10 0 2 . AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
t IPSECKEY 10 3 2 mygateway.example.com. AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
t IPSECKEY 10 2 2 2001:db8:0:8002::2000:1 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
t DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
t TLSA 3 1 1 0D6FCE13243AA7 0D6FCE13243AA70D6FCE13243AA70D6FCE13243AA70D6FCE13243AA70D
t SMIMEA 3 1 1 0D6FCE13243AA70D6FCE13243AA70D6FCE13243AA70D6FCE13243AA70D6FCE13
t HIP ( 2 200100107B1A74DF365639CC39F1D578
  AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cIvM4p9+LrV4e19WzK00+CI6zBCQTdtWsuxKbWIy87UOoJTwkUs7lBu+Upr1gsNrut79ryra+bSRGQb1slImA8YVJyuIDsj7kwzG7jnERNqnWxZ48AWkskmdHaVDP4BcelrTI3rMXdXF5D
  rvs1.example.com. rvs2 )
t NINFO "some" text
t RKEY 0 255 13 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
t TALINK a b
t CDS 0 0 0 00
t CDNSKEY 0 3 0 AA==
t OPENPGPKEY AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
t CSYNC 66 3 A NS AAAA
t ZONEMD 2018031500 1 1 FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E55217057BEE7EB1A7B641A47BA7FED2DD5B97AE499FAFA4F22C6BD647DE
t SPF "v=spf1 -all"
t NID 10 0014:4fff:ff20:ee64
t L32 10 192.0.2.5
t L64 10 2001:DB8:1140:0
t LP 10 l64-subnet1
t EUI48 00-00-5e-00-53-2a
t EUI64 00-00-5e-ef-10-00-00-2a
t URI 10 1 "ftp://ftp1.example.com/public;x"
t CAA 0 issue "ca.example.net; account=230123"
t CAA 128 Tbs ""
t AVC "app-name:WOLFGANG|app-class:OAM"
t AMTRELAY 10 0 1 192.0.2.9
t AMTRELAY 10 1 0 .
t AMTRELAY 10 1 3 amt.example.com.
t APL 1:192.0.2.0/24 !2:2001:db8::/32 1:0.0.0.0/0
t RESINFO \\# 4 03616263
t DLV 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
t TA 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
t KEY 512 3 8 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
t DNSKEY 257 3 ED25519 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==
t NSEC b.example.org. A MX RRSIG TYPE1234
t RRSIG A 5 3 86400 20300322173103 20300220173103 2642 example.com. oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr
t NSEC3PARAM 1 0 12 aabbccdd
n3 NSEC3 1 1 12 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA MX RRSIG DNSKEY NSEC3PARAM
cut NS ns1
cut DS 60485 5 2 ( 2BB183AF5F22588179A53B0A98631FAD
  1A2921182BB183AF5F22588179A53B0A )
dn DNAME elsewhere.example.com.
_8443._foo SVCB 0 svc
s SVCB 1 . port=53 alpn=h2,h3-19 key667="hello\\210qoo" mandatory=port,alpn
s2 SVCB 16 foo alpn="f\\\\\\\\oo\\\\,bar,h2"
h HTTPS 1 . alpn="h2,h3" no-default-alpn ipv4hint=192.0.2.1,192.0.2.2 ech=AEP+DQA/ ipv6hint="2001:db8::1,2001:db8::2"
h2 HTTPS 3 svc4-baz.svc dohpath=/dns-query{?dns} key65333=ex1
`;

/** The records of a file in BIND's raw form: a header of 24 octets, then RRsets. */
function readRaw(file: string): RR[] {
  const data = readFileSync(file);
  const records: RR[] = [];
  for (let at = 24; at < data.length; ) {
    const end = at + data.readUInt32BE(at);
    const type = data.readUInt16BE(at + 6);
    const ttl = data.readUInt32BE(at + 10);
    const ownerLength = data.readUInt16BE(at + 18);
    const owner = data.toString('latin1', at + 20, at + 20 + ownerLength);
    for (at += 20 + ownerLength; at < end; ) {
      const length = data.readUInt16BE(at);
      records.push({ owner, type, ttl, rdata: data.toString('latin1', at + 2, at + 2 + length) });
      at += 2 + length;
    }
  }
  return records;
}

/** Runs named-checkzone on a text with all checks off that are about other zones. */
function check(text: string): { status: number | null; output: string; records: () => string[] } {
  const [file, raw] = [join(folder, 'in'), join(folder, 'raw')];
  writeFileSync(file, text, 'latin1');
  const run = spawnSync(
    'named-checkzone',
    ['-i', 'local', '-k', 'ignore', '-F', 'raw', '-o', raw, 'example.org', file],
    { encoding: 'utf8' },
  );
  return { status: run.status, output: run.stdout + run.stderr, records: () => comparable(readRaw(raw)) };
}

/** One line a record, names folded, in one order. */
function comparable(records: readonly RR[]): string[] {
  return records
    .map(({ owner, type, ttl, rdata }) =>
      [fold(owner), mnemonicOf(type), ttl, foldRdata(type, rdata)]
        .map((part) => Buffer.from(String(part), 'latin1').toString('hex'))
        .join(' '),
    )
    .sort();
}

function ours(text: string) {
  return parseMasterFile(text, { file: 'example.org.zone' });
}

const HEAD = '$TTL 300\n@ IN SOA ns1 host 1 2 3 4 60\n@ NS ns1\nns1 A 192.0.2.1\n';

if (installed)
  describe('master files: as named-checkzone reads them', () => {
    for (const [title, text] of [
      ['every rule of the form', TRICKY],
      ['every record type', HEAD + TYPES],
    ] as const) {
      it(`${title}: the same octets`, () => {
        const { zone, problems } = ours(text);
        expect(problems.filter((problem) => problem.severity === 'error').map(problemText)).toEqual([]);
        const oracle = check(text);
        expect(oracle.status, oracle.output).toBe(0);
        expect(comparable(zone!.records)).toEqual(oracle.records());
      });

      it(`${title}: what the writer writes means the same to it`, () => {
        const { zone } = ours(text);
        const oracle = check(writeMasterFile(zone!));
        expect(oracle.status, oracle.output).toBe(0);
        expect(oracle.records()).toEqual(comparable(zone!.records));
      });
    }

    it('the zone of all types has them all, but for those that BIND 9.18 does not know', () => {
      const seen = new Set(
        [...ours(HEAD + TYPES).zone!.records, ...ours(TRICKY).zone!.records].map((record) => record.type),
      );
      const missing = RECORD_TYPES.filter((row) => !seen.has(row.code)).map((row) => row.mnemonic);
      expect(missing.sort()).toEqual(['BRID', 'CLA', 'CNAME', 'DSYNC', 'HHIT', 'MD', 'MF', 'NULL', 'SIG', 'WALLET']);
    });

    // What both refuse, one fault a file; the places are tested in masterfile.test.ts.
    for (const text of [
      'a A 010.0.0.1',
      'a A 1.2.3',
      'a SRV 0 0 65536 x',
      'a MX 65536 x',
      'a 4294967296 A 192.0.2.1',
      `a TXT "${'x'.repeat(256)}"`,
      'a TXT "open\nb A 192.0.2.1',
      'a TXT ( x\nb A 192.0.2.1\n',
      'a TXT x )',
      '\\300 A 192.0.2.1',
      `${'a'.repeat(64)} A 192.0.2.1`,
      'a..b A 192.0.2.1',
      'a NONSENSE 192.0.2.1',
      '$NONSENSE x',
      'a TYPE65280 \\# 3 C0',
      'a A \\# 3 C00002',
      '@ SOA ns1 host 2 2 3 4 60',
      'a CNAME b\na A 192.0.2.1',
      'a TXT x\na CNAME b',
      'a CNAME b\na CNAME c',
      'a DNAME b\na DNAME c',
      'h HTTPS 1 . mandatory=alpn',
      'h HTTPS 1 . no-default-alpn',
      'h HTTPS 1 . port=1 port=1',
      'n NSEC3 1 1 12 - 2t7b4g4vsa5smi47k61mv5bv1a22bojrX A',
      'l LOC 91 N 0 E 0m',
      'c CAA 0 is_sue "x"',
      '$GENERATE 5-1 a$ A 192.0.2.1',
      '$INCLUDE /nonexistent/file',
    ])
      it(`both refuse ${JSON.stringify(text.slice(0, 60))}`, () => {
        expect(ours(`${HEAD}${text}\n`).zone).toBeUndefined();
        expect(check(`${HEAD}${text}\n`).status).not.toBe(0);
      });

    it('an empty file is refused by both', () => {
      expect([ours('').zone, check('').status === 0]).toEqual([undefined, false]);
    });
  });
else
  it('named-checkzone is not installed, so that nothing is compared with it', () => {
    // Installed but broken is a fault of this machine that must show.
    expect(spawnSync('named-checkzone', ['-v']).error).toMatchObject({ code: 'ENOENT' });
  });
