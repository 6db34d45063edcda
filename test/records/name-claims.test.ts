// Who gets a name that several want: replicas share it, of all others the best claim, whatever the order in which they
// came (docker-swarm.md 4, name clash).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Claim } from '../../src/records/name-claims.ts';
import { NameClaims } from '../../src/records/name-claims.ts';
import { parseName } from '../../src/wire/name.ts';

const web = parseName('web.docker');

function claim(group: string, rank = 1, owner = web): Claim {
  return { owner, group, rank };
}

describe('NameClaims', () => {
  it('replicas of one service share a name', () => {
    const claims = new NameClaims();
    claims.update([
      ['a', [claim('shop')]],
      ['b', [claim('shop')]],
    ]);
    expect(claims.isGranted(web, 'shop')).toBe(true);
  });

  it('a better claim takes the name from the one that has it, which is told; and gives it back', () => {
    const claims = new NameClaims();
    claims.update([['host', [claim('host', 7)]]]);
    expect(claims.isGranted(web, 'host')).toBe(true);
    expect([...claims.update([['named', [claim('named', 1)]]])]).toEqual(['host']);
    expect(claims.isGranted(web, 'host')).toBe(false);
    expect(claims.winner(web)).toBe('named');
    expect([...claims.update([['named', []]])]).toEqual(['host']);
    expect(claims.isGranted(web, 'host')).toBe(true);
  });

  it('a claim that wins nothing concerns nobody', () => {
    const claims = new NameClaims();
    claims.update([['a', [claim('a', 1)]]]);
    expect([...claims.update([['b', [claim('b', 2)]]])]).toEqual([]);
    expect([...claims.update([['b', []]])]).toEqual([]);
  });

  const owners = ['x.docker', 'y.docker', 'z.docker'].map((text) => parseName(text));
  const someClaims = fc.uniqueArray(
    fc.record({ owner: fc.constantFrom(...owners), group: fc.constantFrom('g', 'h', 'i'), rank: fc.nat(2) }),
    { selector: ({ owner }) => owner, maxLength: 3 },
  );

  it('after any changes the winners are those of the final state, and every holder that won or lost was told', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), someClaims), { maxLength: 20 });
    fc.assert(
      fc.property(steps, (changes) => {
        const claims = new NameClaims();
        const state = new Map<string, readonly Claim[]>();
        for (const [holder, wanted] of changes) {
          const granted = (each: readonly Claim[]) =>
            each.map(({ owner, group }) => claims.isGranted(owner, group)).join();
          const before = new Map([...state].map(([key, each]) => [key, granted(each)]));
          const told = claims.update([[holder, wanted]]);
          for (const [key, each] of state)
            if (key !== holder && granted(each) !== before.get(key)) expect(told).toContain(key);
          state.set(holder, wanted);
        }
        const fresh = new NameClaims();
        fresh.update([...state].reverse());
        expect(owners.map((owner) => claims.winner(owner))).toEqual(owners.map((owner) => fresh.winner(owner)));
      }),
    );
  });
});
