import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseName } from '../../src/wire/name.ts';
import { NameNode } from '../../src/wire/name-node.ts';
import { NodeRecord, SrvData } from '../../src/wire/node-record.ts';
import { EVERYWHERE, onlyIn } from '../../src/wire/views.ts';
import { Contents } from '../../src/zone/contents.ts';
import { Texts } from '../../src/zone/texts.ts';
import { rr } from '../answer/desk.ts';

const address = rr('www.example.org 60 A 192.0.2.1');

describe('contents', () => {
  it('tell records apart by type, TTL, views and rdata, and not by owner', () => {
    const contents = new Contents(new Texts());
    const records = [
      address,
      { ...address, type: 28 },
      { ...address, ttl: 61 },
      { ...address, views: onlyIn([1]) },
      { ...address, rdata: '\xc0\0\x02\x02' },
    ];
    const numbers = records.map((record) => contents.of(record));
    expect(new Set(numbers).size).toBe(5);
    expect(contents.of({ ...address, owner: parseName('other.example.org') })).toBe(numbers[0]);
    expect(numbers.map((n) => [contents.type(n), contents.ttl(n), contents.views(n), contents.rdata(n)])).toEqual(
      records.map(({ type, ttl, views = EVERYWHERE, rdata }: typeof address) => [type, ttl, views, rdata]),
    );
  });

  it('take a record of label chains for what it says', () => {
    const contents = new Contents(new Texts());
    const plain = rr('_web._tcp.example.org 60 SRV 0 1 31000 Host.example.org.');
    const data = new SrvData(0, 1, 31_000, NameNode.of(parseName('Host.example.org')));
    const node = new NodeRecord(NameNode.of(plain.owner), plain.type, plain.ttl, data);
    expect([node.owner, node.rdata]).toEqual([plain.owner, plain.rdata]);
    expect(contents.of(node)).toBe(contents.of(plain));
    const addressed = new NodeRecord(NameNode.of(address.owner), address.type, address.ttl, address.rdata);
    expect(contents.of(addressed)).toBe(contents.of(address));
  });

  it('are known while they are referred to, growth and reuse of numbers included', () => {
    const step = fc.tuple(fc.nat({ max: 60 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom(0, 3_000), (steps, many) => {
        const contents = new Contents(new Texts());
        const known = new Map<string, { content: number; count: number }>();
        const refer = (rdata: string) => {
          const content = contents.of({ ...address, rdata });
          const entry = known.get(rdata) ?? { content, count: 0 };
          expect(content).toBe(entry.content);
          contents.refer(content);
          entry.count++;
          known.set(rdata, entry);
        };
        for (let i = 0; i < many; i++) refer(`many ${i}`);
        for (const [number, isReferred] of steps) {
          const rdata = `rdata ${number}`.padEnd(number * 20);
          const entry = known.get(rdata);
          if (isReferred) refer(rdata);
          else if (entry) {
            contents.release(entry.content);
            if (--entry.count === 0) known.delete(rdata);
          }
        }
        for (const [rdata, { content }] of known) {
          expect(contents.rdata(content)).toBe(rdata);
          expect(contents.of({ ...address, rdata })).toBe(content);
        }
        expect(new Set([...known.values()].map(({ content }) => content)).size).toBe(known.size);
      }),
      { numRuns: 60 },
    );
  });
});
