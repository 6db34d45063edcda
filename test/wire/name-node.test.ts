import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fold, fromLabels, ROOT } from '../../src/wire/name.ts';
import { hashName } from '../../src/wire/name-hash.ts';
import { NameNode } from '../../src/wire/name-node.ts';

const octets = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('names as chains of labels', () => {
  it('are the same octets as the name, with the same hash and length', () => {
    fc.assert(
      fc.property(fc.array(octets, { maxLength: 8 }), (labels) => {
        const name = fromLabels(labels)!;
        const node = NameNode.of(name);
        expect([node.octets, node.length, node.hash]).toEqual([name, name.length, hashName(name)]);
        expect(NameNode.of(fold(name)).hash).toBe(node.hash);
      }),
    );
    expect(NameNode.ROOT.octets).toBe(ROOT);
  });
});
