import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VipSettings } from '../../src/records/settings.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/records/settings.ts';
import type { Family, VipWant } from '../../src/records/vip-addresses.ts';
import { hash32, VipAddresses } from '../../src/records/vip-addresses.ts';
import { addressOctets, addressText } from '../../src/wire/rr.ts';

const DEFAULTS = DEFAULT_RECORD_SETTINGS.dcos.vip;

interface Vectors {
  readonly vectors: readonly { name: string; hash32: number; v4: string; v4Legacy: string; v6: string }[];
}
const { vectors } = JSON.parse(
  readFileSync(new URL('../fixtures/dcos/vip-vectors.json', import.meta.url), 'utf8'),
) as Vectors;

const want = (name: string, family: Family = 4): VipWant => ({ key: name, name, family });

/** The address that a name gets in an empty table. */
function addressOf(name: string, family: Family = 4, some: Partial<VipSettings> = {}): string | undefined {
  const table = new VipAddresses({ ...DEFAULTS, ...some });
  table.update([['task', [want(name, family)]]]);
  const octets = table.addressOf(name, family);
  return octets === undefined ? undefined : addressText(octets);
}

describe('the address of a named VIP', () => {
  it.each(vectors)('$name: hash, IPv4, IPv4 before August 2018, IPv6 (dcos-net)', (vector) => {
    expect(hash32(vector.name)).toBe(vector.hash32);
    expect(addressOf(vector.name)).toBe(vector.v4);
    expect(addressOf(vector.name, 4, { legacyOffset: 1 })).toBe(vector.v4Legacy);
    expect(addressOf(vector.name, 6)).toBe(addressText(addressOctets(vector.v6)!));
  });

  it.each([
    ['httpi.marathon', {}, '11.249.78.219'],
    ['httpi.marathon', { max: '11.255.255.254' }, '11.249.79.42'],
    ['spark-dispatcher.marathon', { legacyOffset: 1 }, '11.155.161.35'],
    ['master.pgprocess', { legacyOffset: 1 }, '11.93.165.44'],
    ['foo.bar', { max: '11.0.0.254' }, '11.0.0.37'],
    ['baz.qux', { max: '11.0.0.254' }, '11.0.0.39'],
    ['foo.marathon', { max: '11.0.0.254', legacyOffset: 1 }, '11.0.0.36'],
  ] as const)('%s with %j is %s (published answers)', (name, some, address) => {
    expect(addressOf(name, 4, some)).toBe(address);
  });

  it('qux.ipv6 is fd01:c::6d6d:9c64:fd19:f251 (published answer)', () => {
    expect(addressOf('qux.ipv6', 6)).toBe('fd01:c::6d6d:9c64:fd19:f251');
  });

  it('of two names with one hash the first in the order of names keeps it, the other gets the next', () => {
    const table = new VipAddresses(DEFAULTS);
    table.update([
      ['b', [want('app-4896.marathon')]],
      ['a', [want('app-257.marathon')]],
    ]);
    expect(addressText(table.addressOf('app-257.marathon', 4)!)).toBe('11.3.204.216');
    expect(addressText(table.addressOf('app-4896.marathon', 4)!)).toBe('11.3.204.217');
  });

  it('a range that says nothing is refused by name', () => {
    expect(() => new VipAddresses({ ...DEFAULTS, max: '11.0.0.0' })).toThrow(
      'vip.max: expected an address above 11.0.0.0, got 11.0.0.0',
    );
    expect(() => new VipAddresses({ ...DEFAULTS, min6: '11.0.0.0' })).toThrow('expected an IPv6 address');
  });
});

const SMALL = { ...DEFAULTS, max: '11.0.0.40', max6: 'fd01:c::28' };

/** A batch: which of ten holders wants which of fifty names, in which families. */
const batches = fc.array(
  fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 9 }).map((n) => `task${n}`),
      fc.array(
        fc
          .record({ n: fc.integer({ min: 0, max: 49 }), family: fc.constantFrom<Family>(4, 6) })
          .map(({ n, family }) => want(`app${n}.marathon`, family)),
        { maxLength: 6 },
      ),
    ),
    { maxLength: 6 },
  ),
  { maxLength: 12 },
);

describe('the table of VIP addresses', () => {
  it('gives every held name an address in the range, and no address twice', () => {
    fc.assert(
      fc.property(batches, (all) => {
        const table = new VipAddresses(SMALL);
        const held = new Map<string, readonly VipWant[]>();
        for (const batch of all) {
          table.update(batch);
          for (const [holder, wants] of batch) held.set(holder, wants);
        }
        const wanted = new Set([...held.values()].flat().map(({ name, family }) => `${family} ${name}`));
        const saved = table.toJSON().vips;
        expect(new Set(saved.map(({ name, address }) => `${address.includes(':') ? 6 : 4} ${name}`))).toEqual(
          new Set([...wanted].filter((each) => table.addressOf(each.slice(2), each[0] === '4' ? 4 : 6) !== undefined)),
        );
        // 40 addresses a family: with at most 60 wants a family, none goes without unless all are taken.
        expect(saved.length === wanted.size || saved.length >= 40).toBe(true);
        expect(new Set(saved.map(({ address }) => address)).size).toBe(saved.length);
        for (const { address } of saved)
          expect(address).toMatch(/^11\.0\.0\.(?:[0-9]|[123][0-9])$|^fd01:c::[0-9a-f]{0,2}$/);
      }),
    );
  });

  it('does not depend on the order of a batch', () => {
    fc.assert(
      fc.property(batches, (all) => {
        const forward = new VipAddresses(SMALL);
        const backward = new VipAddresses(SMALL);
        for (const batch of all) {
          // One line a holder: of two the last would count.
          const once = [...new Map(batch)];
          forward.update(once);
          backward.update(once.map(([holder, wants]) => [holder, [...wants].reverse()] as const).reverse());
        }
        expect(backward.toJSON()).toEqual(forward.toJSON());
      }),
    );
  });

  it('an address never moves while its name is held', () => {
    fc.assert(
      fc.property(batches, (all) => {
        const table = new VipAddresses(SMALL);
        const fixed = want('fixed.marathon');
        table.update([['holder', [fixed]]]);
        const before = table.addressOf(fixed.key, 4);
        for (const batch of all) table.update(batch);
        expect(table.addressOf(fixed.key, 4)).toBe(before);
      }),
    );
  });

  it('frees an address with the last holder, and not before', () => {
    const table = new VipAddresses(DEFAULTS);
    table.update([
      ['a', [want('httpi.marathon')]],
      ['b', [want('httpi.marathon')]],
    ]);
    table.update([['a', []]]);
    expect(table.addressOf('httpi.marathon', 4)).toBeDefined();
    table.update([['b', []]]);
    expect(table.addressOf('httpi.marathon', 4)).toBeUndefined();
    expect(table.toJSON().vips).toEqual([]);
  });

  it('a name that goes and comes back within one batch keeps its address', () => {
    const table = new VipAddresses(DEFAULTS);
    table.update([['old', [want('app-257.marathon'), want('app-4896.marathon')]]]);
    table.update([
      ['old', []],
      ['new', [want('app-4896.marathon')]],
    ]);
    expect(addressText(table.addressOf('app-4896.marathon', 4)!)).toBe('11.3.204.217');
  });

  it('gives no address when none is left', () => {
    const table = new VipAddresses({ ...DEFAULTS, max: '11.0.0.2' });
    table.update([['a', ['a', 'b', 'c'].map((name) => want(name))]]);
    expect(['a', 'b', 'c'].map((name) => table.addressOf(name, 4) !== undefined)).toEqual([true, true, false]);
  });
});

describe('the saved table', () => {
  it('read back gives the same addresses, until nobody wants them', () => {
    const table = new VipAddresses(DEFAULTS);
    table.update([['old', [want('app-257.marathon'), want('app-4896.marathon')]]]);
    table.update([['old', [want('app-4896.marathon')]]]);
    const restored = VipAddresses.fromJSON(JSON.parse(JSON.stringify(table)), DEFAULTS);
    expect(restored.toJSON()).toEqual(table.toJSON());
    restored.update([['new', [want('app-257.marathon'), want('app-4896.marathon', 4)]]]);
    expect(addressText(restored.addressOf('app-4896.marathon', 4)!)).toBe('11.3.204.217');
    expect(addressText(restored.addressOf('app-257.marathon', 4)!)).toBe('11.3.204.216');
    const unwanted = VipAddresses.fromJSON(JSON.parse(JSON.stringify(table)), DEFAULTS);
    unwanted.freeUnheld();
    expect(unwanted.toJSON().vips).toEqual([]);
  });

  it.each([[null], [[]], [{ version: 2, vips: [] }], [{ version: 1 }]])('%j is refused as a whole', (document) => {
    expect(() => VipAddresses.fromJSON(document, DEFAULTS)).toThrow(/^Cannot read the VIP addresses: expected/);
  });

  it('an entry that cannot be used is reported and costs only itself', () => {
    const good = { key: 'httpi.marathon', name: 'httpi.marathon', address: '11.249.78.219' };
    const problems: { where: string; why: string }[] = [];
    const vips = [7, { ...good, address: '12.0.0.1' }, { ...good, address: 'x' }, { key: 'k' }, good, good];
    vips.push({ key: 'other', name: 'other', address: '11.249.78.219' });
    const table = VipAddresses.fromJSON({ version: 1, vips }, DEFAULTS, problems);
    expect(table.toJSON().vips).toEqual([good]);
    expect(problems.map(({ where }) => where)).toEqual([0, 1, 2, 3, 5, 6].map((index) => `vips[${index}]`));
  });
});
