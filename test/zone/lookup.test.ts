import { beforeAll, describe, expect, it } from 'vitest';
import { Type } from '../../src/wire/codes.ts';
import { fold, nameToText, parseName } from '../../src/wire/name.ts';
import { NameView } from '../../src/wire/name-view.ts';
import { ZoneField } from '../../src/zone/layout.ts';
import { Lookup, Outcome } from '../../src/zone/lookup.ts';
import { apexOf, Desk } from '../answer/desk.ts';

const ZONE = `
  ${apexOf('example.org')}
  www.example.org 60 A 192.0.2.1
  alias.example.org 60 CNAME www.example.org
  a.b.ent.example.org 60 A 192.0.2.2
  *.wild.example.org 60 TXT "wild"
  is.there.wild.example.org 60 A 192.0.2.3
`;
const SPLIT = `
  ${apexOf('example.net')}
  www.example.net 60 A 192.0.2.1
  cut.example.net 60 NS ns.cut.example.net
  cut.example.net 60 DS 1 8 2 00010203
  ns.cut.example.net 60 A 192.0.2.4
  *.example.net 60 A 192.0.2.5
  moved.example.net 60 DNAME example.org
  moved.example.net 60 A 192.0.2.6
`;

let desk: Desk;
let lookup: Lookup;

beforeAll(() => {
  desk = new Desk()
    .file('example.org', ZONE)
    .file('example.net', SPLIT)
    .file('sub.example.org', apexOf('sub.example.org'));
  lookup = new Lookup(desk.reader);
});

function view(text: string): NameView {
  const name = new NameView();
  const octets = Buffer.from(parseName(text), 'latin1');
  name.read(octets, 0, octets.length);
  name.hash();
  return name;
}

/** Outcome of a lookup, the node that it speaks of, and how many slots it came from; undefined when from more than that. */
function find(text: string, type: number): { outcome: number; node: string; slots: number | undefined } {
  const name = view(text);
  const apex = lookup.zoneLabel(name, type);
  const outcome = lookup.find(desk.reader.findZone(name, apex), apex, name, type, 0);
  const at = desk.reader.nameAt(lookup.node);
  const node = Buffer.from(desk.reader.texts.subarray(at, at + desk.reader.textLength(at - 2))).toString('latin1');
  return { outcome, node: nameToText(fold(node)), slots: lookup.isTraced ? lookup.traceLength / 2 : undefined };
}

describe('lookup: which zone (RFC 1034 4.3.2 step 2)', () => {
  const originOf = (text: string, type: number) => {
    const name = view(text);
    const label = lookup.zoneLabel(name, type);
    if (label < 0) return undefined;
    const at = desk.reader.findZone(name, label) * 4;
    const origin = desk.reader.octets.subarray(
      at + ZoneField.ORIGIN,
      at + ZoneField.ORIGIN + desk.reader.octets[at + ZoneField.LENGTHS]!,
    );
    return nameToText(Buffer.from(origin).toString('latin1'));
  };

  it('the one with the longest origin that encloses the name', () => {
    expect(originOf('www.example.org', Type.A)).toBe('example.org.');
    expect(originOf('example.org', Type.A)).toBe('example.org.');
    expect(originOf('a.sub.example.org', Type.A)).toBe('sub.example.org.');
    expect(originOf('xsub.example.org', Type.A)).toBe('example.org.');
    expect(originOf('www.example.com', Type.A)).toBeUndefined();
    expect(originOf('org', Type.A)).toBeUndefined();
  });

  it('letter case aside (RFC 4343 3)', () => {
    expect(originOf('WWW.SUB.Example.ORG', Type.A)).toBe('sub.example.org.');
  });

  it('for DS at an apex the zone above, if it is ours (RFC 4035 3.1.4.1)', () => {
    expect(originOf('sub.example.org', Type.DS)).toBe('example.org.');
    expect(originOf('a.sub.example.org', Type.DS)).toBe('sub.example.org.');
    expect(originOf('example.org', Type.DS)).toBe('example.org.');
  });
});

describe('lookup: what a name is', () => {
  it('an existing name and type is the answer, and depends on its slot alone', () => {
    expect(find('www.example.org', Type.A)).toEqual({
      outcome: Outcome.ANSWER,
      node: 'www.example.org.',
      slots: 1,
    });
  });

  it('a type that is not there is NODATA, an alias is CNAME for all types but its own (RFC 1034 3.6.2)', () => {
    expect(find('www.example.org', Type.MX).outcome).toBe(Outcome.NODATA);
    expect(find('alias.example.org', Type.MX).outcome).toBe(Outcome.CNAME);
    expect(find('alias.example.org', Type.CNAME).outcome).toBe(Outcome.ANSWER);
    expect(find('alias.example.org', Type.ANY).outcome).toBe(Outcome.ANY);
  });

  it('an empty non-terminal exists (RFC 8020 2), what is beside it does not', () => {
    expect(find('b.ent.example.org', Type.A).outcome).toBe(Outcome.NODATA);
    expect(find('ent.example.org', Type.A).outcome).toBe(Outcome.NODATA);
    expect(find('ent.example.org', Type.ANY).outcome).toBe(Outcome.NODATA);
    expect(find('c.ent.example.org', Type.A).outcome).toBe(Outcome.NXDOMAIN);
    expect(find('x.www.example.org', Type.A).outcome).toBe(Outcome.NXDOMAIN);
  });

  it('that there is no name depends on its slot, those of the names above it, and that of a wildcard', () => {
    expect(find('x.www.example.org', Type.A)).toMatchObject({ outcome: Outcome.NXDOMAIN, slots: 3 });
    expect(find('z.y.x.www.example.org', Type.A)).toMatchObject({ outcome: Outcome.NXDOMAIN, slots: 5 });
    expect(find('nothing.example.org', Type.A)).toMatchObject({ outcome: Outcome.NXDOMAIN, slots: 2 });
  });

  it('a wildcard stands for what is missing below its parent, at any depth (RFC 4592 2.2)', () => {
    const wild = { outcome: Outcome.ANSWER, node: '*.wild.example.org.' };
    expect(find('a.wild.example.org', Type.TXT)).toEqual({ ...wild, slots: 3 });
    expect(find('a.b.wild.example.org', Type.TXT)).toEqual({ ...wild, slots: 4 });
    expect(find('a.wild.example.org', Type.A).outcome).toBe(Outcome.NODATA);
  });

  it('but not for names that exist, nor below them (RFC 4592 2.2.1)', () => {
    expect(find('wild.example.org', Type.TXT).outcome).toBe(Outcome.NODATA);
    expect(find('there.wild.example.org', Type.TXT).outcome).toBe(Outcome.NODATA);
    expect(find('is.there.wild.example.org', Type.TXT).outcome).toBe(Outcome.NODATA);
    expect(find('x.there.wild.example.org', Type.TXT).outcome).toBe(Outcome.NXDOMAIN);
  });

  it('a wildcard asked for itself is a name like any other (RFC 4592 2.3)', () => {
    expect(find('*.wild.example.org', Type.TXT)).toMatchObject({ outcome: Outcome.ANSWER, slots: 1 });
    expect(find('x.*.wild.example.org', Type.TXT).outcome).toBe(Outcome.NXDOMAIN);
  });

  it('at and below a cut there is the delegation, DS at the cut aside (RFC 1034 4.2.1, RFC 4035 3.1.4.1)', () => {
    const cut = { outcome: Outcome.DELEGATION, node: 'cut.example.net.', slots: undefined };
    for (const name of ['cut', 'ns.cut', 'missing.cut', 'a.b.cut'])
      expect(find(`${name}.example.net`, Type.A)).toEqual(cut);
    expect(find('cut.example.net', Type.NS)).toEqual(cut);
    expect(find('cut.example.net', Type.DS)).toMatchObject({ outcome: Outcome.ANSWER, node: 'cut.example.net.' });
    expect(find('ns.cut.example.net', Type.DS)).toEqual(cut);
  });

  it('a wildcard does not reach across a cut (RFC 4592 4.2)', () => {
    expect(find('missing.example.net', Type.A).node).toBe('*.example.net.');
    expect(find('missing.cut.example.net', Type.A).outcome).toBe(Outcome.DELEGATION);
  });

  it('a DNAME redirects what is below it and not its owner (RFC 6672 2.3)', () => {
    expect(find('a.moved.example.net', Type.A)).toMatchObject({ outcome: Outcome.DNAME, node: 'moved.example.net.' });
    expect(find('moved.example.net', Type.A)).toMatchObject({ outcome: Outcome.ANSWER, node: 'moved.example.net.' });
  });

  it('in a zone with cuts nothing depends on its slots alone: a cut may come above it', () => {
    expect(find('www.example.net', Type.A)).toMatchObject({ outcome: Outcome.ANSWER, slots: undefined });
  });
});
