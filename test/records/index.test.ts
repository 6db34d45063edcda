import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/model/cluster.ts';
import type { Task } from '../../src/model/task.ts';
import { mesosRecords } from '../../src/records/axfr.ts';
import { RecordBuilder } from '../../src/records/index.ts';
import { DEFAULT_RECORD_SETTINGS } from '../../src/records/settings.ts';
import { VipAddresses } from '../../src/records/vip-addresses.ts';
import { namedRecord } from '../../src/records/writer.ts';
import { fold, MAX_NAME, nameToText, parseName } from '../../src/wire/name.ts';
import { builderFor, cluster, framework, lines, netinfo, settings, task, vipPort } from './sample.ts';

/** Names of the kind that tasks have, odd ones among them. */
const names = fc.string({ unit: fc.constantFrom('a', 'B', '-', '.', '_', '7', 'ü', '/'), maxLength: 80 });

const tasks: fc.Arbitrary<Task> = fc
  .record({
    id: names,
    name: names,
    discovery: fc.option(
      fc.record({
        name: names.filter((name) => name !== ''),
        ports: fc.array(
          fc.record({
            number: fc.integer({ min: -1, max: 70000 }),
            name: names,
            protocol: fc.constantFrom('tcp', '', 'x'),
          }),
          { maxLength: 3 },
        ),
      }),
      { nil: undefined },
    ),
    hostPorts: fc.array(fc.integer({ min: 0, max: 70000 }), { maxLength: 3 }),
    framework: names.map((name) => framework({ name })),
    ports: fc.array(
      names.map((label) => vipPort(label)),
      { maxLength: 2 },
    ),
  })
  .map((some) => task({ ...some, addresses: netinfo('9.0.1.2', 'fd01:b::3') }));

describe('the builder of records', () => {
  it('gives a task the same contributions whatever was built before', () => {
    fc.assert(
      fc.property(fc.array(tasks, { minLength: 1, maxLength: 5 }), (all) => {
        const builder = builderFor(all, settings());
        const forward = all.map((each) => builder.task(each));
        const backward = [...all].reverse().map((each) => builder.task(each));
        expect(backward.reverse()).toEqual(forward);
      }),
    );
  });

  it('gives the same after it has forgotten the names that it keeps', () => {
    const of = task({ name: 'web', addresses: netinfo('9.0.1.2'), ports: [vipPort('/web')] });
    const builder = builderFor([of], settings());
    const before = lines(builder.task(of));
    expect(before.length).toBeGreaterThan(0);
    expect(builder.keptApps).toBeGreaterThan(0);
    builder.forget();
    expect(builder.keptApps).toBe(0);
    expect(lines(builder.task(of))).toEqual(before);
  });

  it('gives only what DNS can carry, in the zone it says, for any task', () => {
    fc.assert(
      fc.property(tasks, fc.constantFrom('exact' as const, 'default' as const), (of, mode) => {
        for (const { zone, records } of builderFor([of], settings({ mode })).task(of)) {
          expect(records.length).toBeGreaterThan(0);
          for (const { owner, rdata, type } of records) {
            expect(owner.length).toBeLessThanOrEqual(MAX_NAME);
            expect(parseName(nameToText(owner))).toBe(owner);
            expect(fold(owner).endsWith(zone)).toBe(true);
            if (type === 33) expect(parseName(nameToText(rdata.slice(6)))).toBe(rdata.slice(6));
          }
        }
      }),
    );
  });

  it('in the exact mode serves what it lists, but for what DNS cannot carry', () => {
    fc.assert(
      fc.property(tasks, (of) => {
        const from = settings({ mode: 'exact', dcos: { enabled: false } });
        const served = builderFor([of], from)
          .task(of)
          .flatMap(({ records }) => records.map((record) => namedRecord(record)!))
          .map(({ kind, name, value }) => `${kind} ${name} ${value}`);
        const listed = [...mesosRecords(cluster({ tasks: [of] }), from)]
          .filter(({ kind, name, value }) => isName(name) && (kind !== 'SRV' || isName(value.replace(/:-?\d+$/, ''))))
          .map(
            ({ kind, name, value }) => `${kind} ${octets(name)} ${kind === 'SRV' ? sixteenBits(octets(value)) : value}`,
          );
        expect(new Set(served)).toEqual(new Set(listed));
      }),
    );
  });

  it('names in a problem what it was building', () => {
    const problems: Problem[] = [];
    const builder = builderFor([], settings());
    builder.framework(framework({ name: '%', id: 'f7' }), problems);
    builder.masters({ leader: { ip: 'x', port: 1 }, all: [] }, problems);
    expect(problems.map(({ where }) => where)).toEqual(expect.arrayContaining(['framework "%" (f7)', 'masters']));
  });

  it('has nothing of DC/OS when that is off', () => {
    const from = settings({ dcos: { enabled: false } });
    const of = task({ ports: [vipPort('/httpi', { hostPort: 1 })] });
    const builder = new RecordBuilder(from, new VipAddresses(DEFAULT_RECORD_SETTINGS.dcos.vip));
    expect(builder.vipWants(of)).toEqual([]);
    const leader = { ip: '192.0.2.6', port: 5050 };
    const made = [...builder.task(of), ...builder.masters({ leader, all: [] }), ...builder.self()];
    expect(made.length).toBeGreaterThan(0);
    expect(lines(made).filter((each) => !each.includes('mesos. '))).toEqual([]);
  });
});

/** Whether a name as the reference lists it can be one in DNS. */
function isName(text: string): boolean {
  const labels = text.slice(0, -1).split('.');
  const sizes = labels.map((label) => Buffer.byteLength(label));
  return sizes.every((size) => size >= 1 && size <= 63) && sizes.reduce((sum, size) => sum + size + 1, 1) <= 255;
}

/** The reference's text with octets outside ASCII as master files write them. */
function octets(text: string): string {
  return text.replace(/[^ -~]/gu, (character) =>
    [...Buffer.from(character)].map((octet) => `\\${String(octet).padStart(3, '0')}`).join(''),
  );
}

/** `target:port` with the port as it goes out. */
function sixteenBits(value: string): string {
  return value.replace(/:(-?\d+)$/, (_, port: string) => `:${Number(port) & 0xffff}`);
}
