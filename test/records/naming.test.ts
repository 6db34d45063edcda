import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agentTail,
  dcosFragment,
  dcosLabel,
  fittingCanonicalName,
  mesosFragment,
  mesosLabel952,
  mesosLabel1123,
  taskHash,
} from '../../src/records/naming.ts';

const A61 = 'a'.repeat(61);
const LONG = 'fd%gsf---gs7-f$gs--d7fddg123456789012345678901234567890123456789-123';

describe('labels of Mesos-DNS', () => {
  it.each([
    ['a.b_c', 'a-b-c'],
    ['-4abc', '4abc'],
    ['a---', 'a'],
    ['fd%g$s--d7-', 'fdgs--d7'],
    ['ChronosTask:Report', 'chronostaskreport'],
    ['日本-ünïcode name', 'ncodename'],
    ['---', ''],
    ['', ''],
    ['\u212Aelvin', 'elvin'],
    [`${A61}--b-c`, `${A61}b-`],
    [`hello${'-'.repeat(58)}f`, 'hellof'],
  ])('RFC 1123: %j becomes %j (Mesos-DNS label rule)', (text, label) => {
    expect(mesosLabel1123(text)).toBe(label);
  });

  it.each([
    ['4abc123', 'abc123'],
    ['89fdgsf---gs7-fgs--d7fddg---123', 'fdgsf---gs7-fgs--d7fddg1'],
    ['chronos with a space AND MIXED CASE-2.0.1', 'chronoswithaspaceandmixe'],
  ])('RFC 952: %j becomes %j (EnforceRFC952)', (text, label) => {
    expect(mesosLabel952(text)).toBe(label);
  });

  it.each([
    ['marathon-0.6.0-dev', 'marathon-0.6.0-dev'],
    ['Prod.Team_A 1', 'prod.team-a1'],
    ['..a..b.', 'a.b'],
    ['', ''],
    ['%.$', ''],
  ])('a framework named %j has the labels %j', (text, labels) => {
    expect(mesosFragment(text, mesosLabel1123)).toBe(labels);
  });

  it('any text gives letters, digits and hyphens, no hyphen first, no more than fit', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        expect(mesosLabel1123(text)).toMatch(/^(?:[a-z0-9][a-z0-9-]{0,62})?$/);
        expect(mesosLabel952(text)).toMatch(/^(?:[a-z][a-z0-9-]{0,23})?$/);
      }),
    );
  });
});

describe('labels of dcos-net', () => {
  it.each([
    ['/mygroup/myapp', 'mygroupmyapp', 'mygroupmyapp'],
    ['/api.hello-world', 'api-hello-world', 'api.hello-world'],
    ['myapp.mygroup', 'myapp-mygroup', 'myapp.mygroup'],
    [
      'ChronosWithASpaceAndMixedCase-2.0.1',
      'chronoswithaspaceandmixedcase-2-0-1',
      'chronoswithaspaceandmixedcase-2.0.1',
    ],
    ['my_app', 'my-app', 'my-app'],
    ['dev/kafka', 'devkafka', 'devkafka'],
    ['-4abc123', '4abc123', '4abc123'],
    [
      LONG,
      'fdgsf---gs7-fgs--d7fddg1234567890123456789012345678901234567891',
      'fdgsf---gs7-fgs--d7fddg1234567890123456789012345678901234567891',
    ],
    [`${A61}--b-c`, `${A61}bc`, `${A61}bc`],
  ])('%j becomes %j, as labels %j (dcos-net label rule)', (text, label, labels) => {
    expect(dcosLabel(text)).toBe(label);
    expect(dcosFragment(text)).toBe(labels);
  });

  it('any text gives at most 63 letters, digits and hyphens, no hyphen first or last', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        expect(dcosLabel(text)).toMatch(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)?$/);
      }),
    );
  });

  it('a label is its own label, in both systems', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        expect(dcosLabel(dcosLabel(text))).toBe(dcosLabel(text));
        // Mesos-DNS may leave a hyphen last where it refills a cut label; a second time takes that away.
        const once = mesosLabel1123(text);
        expect(mesosLabel1123(once)).toBe(once.replace(/-+$/, ''));
      }),
    );
  });
});

describe('canonical names', () => {
  it('the hash of a task id is the first 25 bits of its SHA-1 in z-base-32 (digest a94a8fe5...)', () => {
    expect(taskHash('test')).toBe('iffe9');
  });

  it('the agent is known by what follows the last hyphen of its id', () => {
    expect(agentTail('20140803-194712-3041283216-5050-2116-3')).toBe('3');
    expect(agentTail('b1f1d0d0-1111-4222-8333-444455556666-S2')).toBe('s2');
    expect(agentTail('alone')).toBe('alone');
  });

  it('a name that fits is left alone, a longer one is shortened so that its last label has 63 octets at most', () => {
    expect(fittingCanonicalName('search', '-7n7a6-s2')).toBe('search-7n7a6-s2');
    expect(fittingCanonicalName(`group.${'b'.repeat(54)}`, '-7n7a6-s2')).toBe(`group.${'b'.repeat(54)}-7n7a6-s2`);
    expect(fittingCanonicalName(`group.${'b'.repeat(55)}`, '-7n7a6-s2')).toBe(`group.${'b'.repeat(54)}-7n7a6-s2`);
    expect(fittingCanonicalName(`${'b'.repeat(52)}--cc`, '-7n7a6-s2')).toBe(`${'b'.repeat(52)}-7n7a6-s2`);
    fc.assert(
      fc.property(anyText(), (text) => {
        const canonical = fittingCanonicalName(Buffer.from(text, 'utf8').toString('latin1'), '-7n7a6-s2');
        expect(canonical.length - 1 - canonical.lastIndexOf('.')).toBeLessThanOrEqual(63);
        expect(canonical.endsWith('-7n7a6-s2')).toBe(true);
      }),
    );
  });
});

/** Texts that are rich in what the label rules look at. */
function anyText(): fc.Arbitrary<string> {
  const unit = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('-', '-', '.', '_', '/', ' ', '0', '9', 'A', 'Z', 'a', 'z') },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  );
  return fc.string({ unit, maxLength: 140 });
}
