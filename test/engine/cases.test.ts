// The five cases of Docker's port mapping and linking (systems.md E4): who reaches what, from outside and from a linked
// container, and who is answered. On an engine with --icc=false, where EXPOSE decides what a link lets through; every
// container listens on port 80, whether it says so or not.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, Lab } from './engine.ts';
import { importBeacon } from './images.ts';
import { dockerSource, Portolan } from './portolan.ts';
import { candidatesOf, type Survey, settled, survey } from './survey.ts';
import { Vantage } from './vantage.ts';

/** From outside a port is reached by both families, as docker-proxy carries IPv6; a link leads to the one IPv4 address. */
const CASES = [
  { name: 'case1', form: 'neither EXPOSE nor -p', options: [], outside: '', linked: '' },
  { name: 'case2', form: 'EXPOSE', options: ['--expose', '80'], outside: '', linked: '4' },
  { name: 'case3', form: 'EXPOSE and -p', options: ['--expose', '80', '-p', '8080:80'], outside: '46', linked: '4' },
  { name: 'case4', form: 'EXPOSE and -P', options: ['--expose', '80', '-P'], outside: '46', linked: '4' },
  { name: 'case5', form: '-p alone', options: ['-p', '8081:80'], outside: '46', linked: '4' },
] as const;

let lab: Lab;
let engine: Engine;
let portolan: Portolan;
let outside: Vantage;
let linked: Vantage;

beforeAll(async () => {
  lab = await Lab.start({ daemon: ['--icc=false'] });
  engine = lab.engine;
  await importBeacon(lab.folder, lab.engines);
  portolan = await Portolan.start(lab, engine, { sources: [dockerSource(engine)] });
  for (const { name, options } of CASES)
    await engine.docker('run', '--detach', '--name', name, ...options, 'beacon', name, '80/tcp');
  const links = CASES.flatMap(({ name }) => ['--link', `${name}:${name}-link`]);
  await engine.docker('run', '--detach', '--name', 'linked', ...links, 'beacon', 'linked');
  outside = Vantage.onMachine('outside', lab.lan, engine.ipv4);
  linked = await Vantage.inContainer('linked', engine, 'linked', engine.ipv4);
}, 120_000);

afterAll(async () => {
  await Promise.all([outside?.stop(), linked?.stop()]);
  await portolan?.stop();
  await lab?.stop();
});

/** Asks for port 80 under a name of a container, and connects. */
async function look(vantage: Vantage, container: string, name: string, expected: string): Promise<Survey> {
  const candidates = { '80/tcp': await candidatesOf(engine, container, '80/tcp') };
  const target = { name, says: [container], candidates };
  // The address of a container is no secret in its network, whether a port of it is known or not.
  const isRight = ({ findings, faults }: Survey) =>
    (faults.length === 0 || expected === '') && findings[0]!.families === expected;
  return settled(() => survey(vantage, target, { '80/tcp': expected }), isRight);
}

describe('the five cases', () => {
  for (const { name, form, ...expected } of CASES) {
    it(`${form}: ${expected.outside ? 'reached and answered' : 'neither reached nor answered'} outside`, async () => {
      const { findings, faults } = await look(outside, name, `${name}.docker.`, expected.outside);
      expect(faults).toEqual([]);
      expect(findings).toMatchObject([{ reachable: expected.outside, families: expected.outside }]);
    });

    it(`${form}: ${expected.linked ? 'reached and answered' : 'neither reached nor answered'} from a linked container`, async () => {
      // By its own name, and by the one that the link gives it.
      for (const asked of [`${name}.docker.`, `${name}-link.linked.docker.`]) {
        const { findings, faults } = await look(linked, name, asked, expected.linked);
        if (expected.linked !== '') expect(faults).toEqual([]);
        expect(findings).toMatchObject([{ reachable: expected.linked, families: expected.linked }]);
      }
    });
  }
});
