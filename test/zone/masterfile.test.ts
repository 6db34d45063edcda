import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseName } from '../../src/wire/name.ts';
import { type MasterFileOptions, parseMasterFile, problemText } from '../../src/zone/masterfile.ts';
import { recordText } from '../../src/zone/masterfile-writer.ts';

const HEAD = '@ 300 IN SOA ns1 host 1 2 3 4 60\n@ NS ns1\nns1 A 192.0.2.1\n';

function parse(text: string, options: Partial<MasterFileOptions> = {}) {
  return parseMasterFile(text, { file: 'example.org.zone', ...options });
}

/** The records of a zone that must load without a word, as lines with single spaces, the head left out. */
function lines(text: string, options: Partial<MasterFileOptions> = {}): string[] {
  const { zone, problems } = parse(HEAD + text, options);
  expect(problems.map(problemText)).toEqual([]);
  return zone!.records.slice(3).map((record) => recordText(record).replaceAll('\t', ' '));
}

function problemsOf(text: string, options: Partial<MasterFileOptions> = {}): string[] {
  return parse(text, options).problems.map(problemText);
}

describe('master files: form (RFC 1035 5.1)', () => {
  it('class and TTL come in either order or not at all; an owner left out is the one before', () => {
    expect(lines('a 60 IN A 192.0.2.1\nb IN 60 A 192.0.2.1\n\tTXT x\n   IN TXT y\nc CLASS1 TYPE1 192.0.2.3\n')).toEqual(
      [
        'a.example.org. 60 IN A 192.0.2.1',
        'b.example.org. 60 IN A 192.0.2.1',
        'b.example.org. 60 IN TXT "x"',
        'b.example.org. 60 IN TXT "y"',
        'c.example.org. 60 IN A 192.0.2.3',
      ],
    );
  });

  it('parentheses join lines, comments end at the line, CRLF and a missing last newline do no harm', () => {
    expect(
      lines('a TXT ( "one" ; "no"\r\n\r\n  two) ; end\r\nb(\nTXT x)\r\n; nothing\r\n   ; nothing\r\nc A 192.0.2.1'),
    ).toEqual([
      'a.example.org. 300 IN TXT "one" "two"',
      'b.example.org. 300 IN TXT "x"',
      'c.example.org. 300 IN A 192.0.2.1',
    ]);
  });

  it('quotes and escapes: in strings and in names', () => {
    expect(
      lines(
        't TXT "a\\"b\\\\c;d(e" f\\ g "\\065\\255" "" "x""y"\ndot\\.in A 192.0.2.1\nat\\@ A 192.0.2.1\n\\065b A 192.0.2.1\n',
      ),
    ).toEqual([
      't.example.org. 300 IN TXT "a\\"b\\\\c;d(e" "f g" "A\\255" "" "x" "y"',
      'dot\\.in.example.org. 300 IN A 192.0.2.1',
      'at\\@.example.org. 300 IN A 192.0.2.1',
      'Ab.example.org. 300 IN A 192.0.2.1',
    ]);
  });

  it('octets above 127 and a byte order mark load', () => {
    expect(parse(`\xef\xbb\xbf${HEAD}`).problems).toEqual([]);
    expect(lines('\xfc TXT \xfc\n')).toEqual(['\\252.example.org. 300 IN TXT "\\252"']);
  });

  it('$ORIGIN may be relative; $TTL and TTLs take units', () => {
    expect(
      lines(
        '$ORIGIN sub\na 1h30m A 192.0.2.1\n$ORIGIN deep\n$TTL 2D\n@ A 192.0.2.2\nb 1w A 192.0.2.1\nc A 192.0.2.2\n',
      ),
    ).toEqual([
      'a.sub.example.org. 5400 IN A 192.0.2.1',
      'deep.sub.example.org. 172800 IN A 192.0.2.2',
      'b.deep.sub.example.org. 604800 IN A 192.0.2.1',
      'c.deep.sub.example.org. 172800 IN A 192.0.2.2',
    ]);
  });

  it('a TTL left out is that of $TTL (RFC 2308 4), else the last stated (RFC 1035 5.1), else the SOA MINIMUM', () => {
    const ttls = (text: string) => parse(text).zone!.records.map((record) => record.ttl);
    const rest = '@ NS ns1\nns1 A 192.0.2.1\na 7 A 192.0.2.1\nb A 192.0.2.1\n';
    expect(ttls(`$TTL 9\n@ SOA ns1 host 1 2 3 4 60\n${rest}`)).toEqual([9, 9, 9, 7, 9]);
    expect(ttls(`@ SOA ns1 host 1 2 3 4 60\n${rest}`)).toEqual([60, 60, 60, 7, 7]);
    expect(ttls(`@ 8 SOA ns1 host 1 2 3 4 60\n${rest}`)).toEqual([8, 8, 8, 7, 7]);
    expect(ttls('x A 192.0.2.1\n@ SOA ns1 host 1 2 3 4 60\n@ NS ns1\nns1 A 192.0.2.1\n')).toEqual([60, 60, 60, 60]);
  });

  it('records of unknown types keep their octets (RFC 3597 5)', () => {
    expect(lines('a TYPE65280 \\# 4 0A000001\nb A \\# 4 C0000201\nc TYPE15 10 mail\n')).toEqual([
      'a.example.org. 300 IN TYPE65280 \\# 4 0A000001',
      'b.example.org. 300 IN A 192.0.2.1',
      'c.example.org. 300 IN MX 10 mail.example.org.',
    ]);
  });

  it('duplicates are dropped, an RRset has the TTL of its first record and says so (RFC 2181 5)', () => {
    const { zone, problems } = parse(
      `${HEAD}a A 192.0.2.1\nA A 192.0.2.1\na 5 A 192.0.2.2\na NS X\na NS x.EXAMPLE.org.\n`,
    );
    expect(zone!.records.slice(3).map((record) => record.ttl)).toEqual([300, 300, 5]);
    expect(problems.map(problemText)[0]).toMatch(
      /^example.org.zone:6:1: warning: TTL: 5 differs from the 300 of line 4/,
    );
  });
});

describe('master files: the origin', () => {
  const soa = 'SOA ns1 host 1 2 3 4 60\n';
  const originOf = (text: string, options: Partial<MasterFileOptions> = {}) => parse(text, options).zone?.origin;

  it('is what the caller says, else an absolute $ORIGIN before any record, else the name of the file', () => {
    expect(originOf(`@ ${soa}`, { origin: parseName('example.net.') })).toBe(parseName('example.net.'));
    expect(originOf(`$ORIGIN example.com.\n@ ${soa}`)).toBe(parseName('example.com.'));
    expect(originOf(`@ ${soa}$ORIGIN example.com.\n`, { file: 'a/b/example.org.zone' })).toBe(
      parseName('example.org.'),
    );
  });

  it('of $ORIGIN and file name is the one that owns the SOA, as in dumps that begin with "$ORIGIN ."', () => {
    expect(originOf(`$ORIGIN .\nexample.org ${soa}`)).toBe(parseName('example.org.'));
    expect(originOf(`$ORIGIN org.\nexample ${soa}`)).toBe(parseName('example.org.'));
  });

  it('a file whose name is no domain name needs $ORIGIN', () => {
    expect(problemsOf(`@ ${soa}`, { file: 'a..b.zone' })[0]).toMatch(
      /a\.\.b\.zone:1:1: error: owner: expected an absolute name.*\$ORIGIN/,
    );
    expect(originOf(`$ORIGIN example.org.\n@ ${soa}`, { file: 'a..b.zone' })).toBe(parseName('example.org.'));
  });
});

describe('master files: $INCLUDE', () => {
  const files: Record<string, string> = {
    'sub.inc': 'a A 192.0.2.1\n$ORIGIN other\nb A 192.0.2.2\n',
    'bad.inc': 'a A 192.0.2.1\n  A 1.2.3\n',
    'blank.inc': '  A 192.0.2.1\n',
    'loop.inc': '$INCLUDE loop.inc\n',
  };
  const include = (path: string) => {
    if (files[path] === undefined) throw new Error(`cannot include ${path}: there is no such file`);
    return { file: path, text: files[path] };
  };

  it('takes an origin; origin and owner of the outer file hold again behind it (RFC 1035 5.1)', () => {
    expect(
      lines('x A 192.0.2.9\n$INCLUDE sub.inc sub\n  TXT t\n$include "sub.inc"\ny A 192.0.2.8\n', { include }),
    ).toEqual([
      'x.example.org. 300 IN A 192.0.2.9',
      'a.sub.example.org. 300 IN A 192.0.2.1',
      'b.other.sub.example.org. 300 IN A 192.0.2.2',
      'x.example.org. 300 IN TXT "t"',
      'a.example.org. 300 IN A 192.0.2.1',
      'b.other.example.org. 300 IN A 192.0.2.2',
      'y.example.org. 300 IN A 192.0.2.8',
    ]);
  });

  it('a fault is told at its place in the inner file', () => {
    expect(problemsOf(`${HEAD}$INCLUDE bad.inc\n`, { include })).toEqual([
      'bad.inc:2:5: error: A address: expected an IPv4 address of four numbers without leading zeros, got "1.2.3"',
    ]);
    expect(problemsOf(`${HEAD}$INCLUDE blank.inc\n`, { include })[0]).toMatch(/^blank.inc:1:3: error: owner/);
  });

  it('a loop, a missing file and a place without files are refused', () => {
    expect(problemsOf(`${HEAD}$INCLUDE loop.inc\n`, { include })[0]).toMatch(
      /^loop.inc:1:10: error: .*includes itself/,
    );
    expect(problemsOf(`${HEAD}$INCLUDE gone.inc\n`, { include })[0]).toMatch(
      /^example.org.zone:4:10: error: .*no such file/,
    );
    expect(problemsOf(`${HEAD}$INCLUDE gone.inc\n`)[0]).toMatch(/cannot include files here/);
  });
});

describe('master files: $GENERATE (BIND)', () => {
  it('replaces the number in owner and rdata', () => {
    expect(
      lines(
        `$GENERATE 1-2 h$ A 192.0.2.$\n$GENERATE 0-8/4 g\${16,4,x} 60 IN CNAME h$\n$GENERATE 1-1 \\$$ MX "10 m$"\n$GENERATE 3-3 t TXT "\\"a $\\" b"\n`,
      ),
    ).toEqual([
      'h1.example.org. 300 IN A 192.0.2.1',
      'h2.example.org. 300 IN A 192.0.2.2',
      'g0010.example.org. 60 IN CNAME h0.example.org.',
      'g0014.example.org. 60 IN CNAME h4.example.org.',
      'g0018.example.org. 60 IN CNAME h8.example.org.',
      '\\$1.example.org. 60 IN MX 10 m1.example.org.',
      't.example.org. 60 IN TXT "a 3" "b"',
    ]);
  });

  it('refuses what would hold up the server, and a fault once for all its numbers', () => {
    expect(problemsOf(`${HEAD}$GENERATE 0-2147483647 h$ A 192.0.2.1\n`)[0]).toMatch(
      /:4:11: error: .*at most 131072 numbers/,
    );
    expect(problemsOf(`${HEAD}$GENERATE 250-300 h$ A 192.0.2.$\n`)).toEqual([
      'example.org.zone:4:24: error: $GENERATE at 256: A address: expected an IPv4 address' +
        ' of four numbers without leading zeros, got "192.0.2.256"',
    ]);
    expect(problemsOf(`${HEAD}$GENERATE 1-2 h\${-9} A 192.0.2.1\n`)[0]).toMatch(/:4:15: error: .*below 0/);
  });
});

describe('master files: what is refused', () => {
  // Text behind the head, line and column of the fault, part of the message.
  const FAULTS: readonly (readonly [string, number, number, RegExp])[] = [
    ['a A 010.0.0.1', 4, 5, /IPv4/],
    ['a A 1.2.3', 4, 5, /IPv4/],
    ['a 300 IN SRV 0 0 65536 x', 4, 18, /SRV port/],
    ['a MX 65536 x', 4, 6, /MX preference/],
    ['a 4294967296 A 192.0.2.1', 4, 3, /TTL: expected seconds/],
    ['a 1h30 A 192.0.2.1', 4, 3, /TTL: expected/],
    [`a TXT "${'x'.repeat(256)}"`, 4, 7, /255/],
    ['a TXT "open\nb A 192.0.2.1', 4, 7, /quote is not closed/],
    ['a TXT ( x\nb A 192.0.2.1\n', 4, 7, /parenthesis is never closed/],
    ['a TXT x )', 4, 9, /without an opening one/],
    ['\\300 A 192.0.2.1', 4, 1, /\\300 is over 255/],
    ['a\\2b A 192.0.2.1', 4, 2, /three digits/],
    [`${'a'.repeat(64)} A 192.0.2.1`, 4, 1, /63 octets/],
    [`${'a.'.repeat(128)} A 192.0.2.1`, 4, 1, /at most 255 octets/],
    ['a..b A 192.0.2.1', 4, 3, /empty/],
    ['a NONSENSE 192.0.2.1', 4, 3, /expected a record type.*got "NONSENSE"/],
    ['a CH TXT x', 4, 3, /class: expected IN/],
    ['a IN IN A 192.0.2.1', 4, 6, /type/],
    ['a', 4, 1, /expected a type/],
    ['a ANY x', 4, 3, /not one of questions/],
    ['$NONSENSE x', 4, 1, /expected \$ORIGIN, \$TTL, \$INCLUDE or \$GENERATE/],
    ['$TTL', 4, 1, /a value behind it/],
    ['$ORIGIN a b', 4, 11, /end of the line/],
    ['a TYPE65280 \\# 3 C0', 4, 13, /3 octets as announced instead of 1/],
    ['@ SOA ns1 host 2 2 3 4 60', 4, 1, /a second that differs from line 1/],
    ['a SOA ns1 host 1 2 3 4 60', 4, 1, /expected at the apex example.org./],
    ['a CNAME b\na A 192.0.2.1', 5, 1, /a CNAME is alone at its name, CNAME stands there in line 4/],
    ['a TXT x\na CNAME b', 5, 1, /TXT stands there in line 4/],
    ['@ CNAME b', 4, 1, /CNAME is alone/],
    ['a CNAME b\na CNAME c', 5, 1, /a second/],
    ['a DNAME b\na DNAME c', 5, 1, /a second/],
    ['x.a A 192.0.2.1\na DNAME b', 4, 1, /below the DNAME a.example.org. of line 5/],
  ];
  for (const [text, line, column, message] of FAULTS)
    it(`${JSON.stringify(text.slice(0, 50))} at ${line}:${column}`, () => {
      const { zone, problems } = parse(HEAD + text);
      expect(zone).toBeUndefined();
      expect(problems[0]).toMatchObject({ file: 'example.org.zone', line, column, severity: 'error' });
      expect(problems[0]!.message).toMatch(message);
    });

  it('no SOA, and an empty file', () => {
    for (const text of ['', '\n', 'a 60 A 192.0.2.1\n'])
      expect(problemsOf(text)).toContain(
        'example.org.zone:1:1: error: zone example.org.: expected an SOA record at the apex, got none',
      );
  });

  it('unless the caller takes records without an SOA', () => {
    const { zone, problems } = parse('a 60 A 192.0.2.1\n', { allowNoSoa: true });
    expect([zone!.records.length, problems]).toEqual([1, []]);
  });

  it('tells all faults of a file at once, none that only follows from another', () => {
    expect(problemsOf('@ SOA ns1 host 1 2 3 4\na A x\nb A 192.0.2.1\nc..d A 192.0.2.1\n  TXT t\ne MX x\n')).toEqual([
      expect.stringMatching(/^example.org.zone:1:23: error: SOA minimum: .*end of the record/),
      expect.stringMatching(/^example.org.zone:2:5: error: A address/),
      expect.stringMatching(/^example.org.zone:4:3: error: .*empty/),
      expect.stringMatching(/^example.org.zone:6:6: error: MX preference/),
    ]);
  });

  it('tells at most twenty faults, the last of which counts the others', () => {
    const problems = problemsOf(HEAD + 'a A x\n'.repeat(100));
    expect(problems).toHaveLength(20);
    expect(problems.at(-1)).toBe('example.org.zone:23:5: error: 81 more errors from here on');
  });
});

describe('master files: what is warned of', () => {
  const WARNINGS: readonly (readonly [string, number, number, RegExp])[] = [
    ['www.example.com. A 192.0.2.1', 4, 1, /outside the zone example.org. and ignored/],
    ['a 2147483648 A 192.0.2.1', 4, 3, /counts as 0/],
    ['sub NS ns.sub', 4, 1, /ns.sub.example.org. has no address/],
    ['sub NS a\na CNAME ns1', 4, 1, /is an alias/],
    ['@ MX 10 a\na CNAME ns1', 4, 1, /is an alias/],
    ['_x._tcp SRV 0 0 80 a\na CNAME ns1', 4, 1, /is an alias/],
    ['a NS ns1\na DNAME b', 5, 1, /DNAME beside NS/],
  ];
  for (const [text, line, column, message] of WARNINGS)
    it(`${JSON.stringify(text)} at ${line}:${column}`, () => {
      const { zone, problems } = parse(HEAD + text);
      expect(zone).toBeDefined();
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatchObject({ line, column, severity: 'warning' });
      expect(problems[0]!.message).toMatch(message);
    });

  it('no NS at the apex', () => {
    expect(problemsOf('@ 60 SOA ns1 host 1 2 3 4 60\n')).toEqual([
      'example.org.zone:1:1: warning: zone example.org.: no NS record at the apex',
    ]);
  });

  it('says nothing of a name server whose address a wildcard gives', () => {
    expect(problemsOf(`${HEAD}sub NS x.w\n*.w A 192.0.2.1\n`)).toEqual([]);
  });
});

it('master files: no text whatever does anything but parse or give problems with a place in the file', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '(',
      ')',
      '"',
      ';',
      '\\',
      '\n',
      '\r\n',
      ' ',
      '\t',
      '@',
      '$ORIGIN ',
      '$TTL ',
      '$GENERATE 1-3 ',
      `\${1,2,x}`,
      '$',
    ),
    fc.constantFrom(
      'a',
      'IN',
      '300',
      'A',
      '192.0.2.1',
      'TXT',
      'SOA ns host 1 2 3 4 5',
      'SVCB',
      'alpn=',
      'NSEC',
      'LOC',
      '\\#',
      '4',
      'HIP',
    ),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = Buffer.from(pieces.join(' '), 'utf8').toString('latin1');
      const rows = text.split('\n');
      const { zone, problems } = parse(text);
      expect(zone === undefined).toBe(problems.some((problem) => problem.severity === 'error'));
      for (const { line, column } of problems) expect(column).toBeLessThanOrEqual((rows[line - 1]?.length ?? 0) + 1);
    }),
    { numRuns: 1500 },
  );
});
