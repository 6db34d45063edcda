import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Type } from '../../src/wire/codes.ts';
import { rdataToText } from '../../src/wire/types.ts';
import { ZoneFolder } from '../../src/zone/folder.ts';

/** A zone whose serial tells which text it is. */
function text(serial: number, more = ''): string {
  return `$TTL 5\n@ IN SOA ns1 host ${serial} 60 60 600 5\n@ NS ns1\nns1 A 192.0.2.1\n${more}`;
}

let root: string;
let folder: string;
/** What was reported: `zone a.test.zone 7 +2` (serial, records beyond the four), `removed ...`, `trouble ...`. */
let log: string[];
let opened: ZoneFolder[];

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'portolan-folder-')));
  folder = join(root, 'zones');
  mkdirSync(folder);
  log = [];
  opened = [];
});

afterEach(async () => {
  for (const one of opened) await one.stop();
  rmSync(root, { recursive: true });
});

const at = (name: string) => join(folder, name);
const put = (name: string, content: string) => writeFileSync(at(name), content);

function replace(name: string, content: string): void {
  put(`.${name}.new`, content);
  renameSync(at(`.${name}.new`), at(name));
}

async function open(): Promise<ZoneFolder> {
  const one = new ZoneFolder(folder);
  opened.push(one);
  const short = (file: string) => file.slice(folder.length + 1);
  await one.start({
    zone: (file, data) => {
      const soa = data.records.find((record) => record.type === Type.SOA)!;
      log.push(`zone ${short(file)} ${rdataToText(Type.SOA, soa.rdata).split(' ')[2]} +${data.records.length - 3}`);
    },
    removed: (file) => log.push(`removed ${short(file)}`),
    trouble: (file, problems) =>
      log.push(
        `trouble ${short(file)} ${problems.map((one) => `${one.line}:${one.column} ${one.message}`).join(' | ')}`,
      ),
  });
  return one;
}

/** Waits for these reports, in this order, and no other among them; forgets them. */
async function reported(...expected: (string | RegExp)[]): Promise<void> {
  await vi.waitFor(() => expect(log.length).toBeGreaterThanOrEqual(expected.length), { timeout: 8000, interval: 10 });
  expect(log.splice(0)).toEqual(expected.map((one) => (typeof one === 'string' ? one : expect.stringMatching(one))));
}

describe('zone folder: at the start', () => {
  it('every zone file has been reported when start resolves; a broken one as trouble, with its place', async () => {
    put('a.test.zone', text(1));
    put('b.test.zone', text(2, 'x A 192.0.2.2\n'));
    put('c.test.zone', text(3, 'x A 1.2.3\n'));
    await open();
    expect(log.sort()).toEqual([
      expect.stringMatching(/^trouble c.test.zone 5:5 A address/),
      'zone a.test.zone 1 +0',
      'zone b.test.zone 2 +1',
    ]);
  });

  it('a folder that does not exist is trouble, and is read when it appears', async () => {
    rmSync(folder, { recursive: true });
    await open();
    await reported(/^trouble {2}1:1 the folder is not there/);
    mkdirSync(folder);
    put('a.test.zone', text(1));
    await reported('zone a.test.zone 1 +0');
  });

  it('stop ends it, also while it starts', async () => {
    put('a.test.zone', text(1));
    const one = new ZoneFolder(folder);
    const sink = { zone: vi.fn(), removed: vi.fn(), trouble: vi.fn() };
    const started = one.start(sink);
    await one.stop();
    await started;
    expect(sink.zone).not.toHaveBeenCalled();
  });
});

describe('zone folder: changes', () => {
  beforeEach(async () => {
    put('a.test.zone', text(1));
    await open();
    await reported('zone a.test.zone 1 +0');
  });

  it('a file replaced by rename, overwritten in place, new, removed', async () => {
    replace('a.test.zone', text(2));
    await reported('zone a.test.zone 2 +0');
    put('a.test.zone', text(3));
    await reported('zone a.test.zone 3 +0');
    put('b.test.zone', text(4));
    await reported('zone b.test.zone 4 +0');
    unlinkSync(at('b.test.zone'));
    await reported('removed b.test.zone');
  });

  it('two writes with a pause between are one change, though the first half is a zone too', async () => {
    put('a.test.zone', text(2));
    await sleep(50);
    writeFileSync(at('a.test.zone'), 'x A 192.0.2.2\n', { flag: 'a' });
    await reported('zone a.test.zone 2 +1');
  });

  it('deleted and created again at once is a change, not a removal', async () => {
    unlinkSync(at('a.test.zone'));
    await sleep(50);
    put('a.test.zone', text(2));
    await reported('zone a.test.zone 2 +0');
  });

  it('the same octets again are no change; a broken file and its repair are', async () => {
    put('a.test.zone', text(1));
    await sleep(400);
    put('a.test.zone', `${text(2)}x A 1.2.3\n`);
    await reported(/^trouble a.test.zone 5:5 /);
    put('a.test.zone', '');
    await reported(/^trouble a.test.zone 1:1 zone a.test.: expected an SOA/);
    put('a.test.zone', text(1));
    await reported('zone a.test.zone 1 +0');
  });

  it('after many changes in a row the last is what was reported last', async () => {
    for (let serial = 2; serial <= 30; serial++) {
      replace('a.test.zone', text(serial));
      await sleep(5);
    }
    await vi.waitFor(() => expect(log.at(-1)).toBe('zone a.test.zone 30 +0'), { timeout: 8000 });
  });

  it('hidden files, backups, other names and folders are not looked at', async () => {
    for (const name of ['.hidden.test.zone', 'b.test.zone~', '#c.test.zone#', '.d.test.zone.swp', 'readme.txt', 'zone'])
      put(name, 'junk ( \n');
    mkdirSync(at('dir.test.zone'));
    symlinkSync('nowhere', at('dangling.test.zone'));
    await sleep(400);
    put('a.test.zone', text(2));
    await reported('zone a.test.zone 2 +0');
  });

  it('a link that is given another target is a change (Kubernetes ..data)', async () => {
    for (const version of [1, 2]) {
      mkdirSync(at(`..${version}`));
      put(`..${version}/k.test.zone`, text(version));
    }
    symlinkSync('..1', at('..data'));
    symlinkSync('..data/k.test.zone', at('k.test.zone'));
    await reported('zone k.test.zone 1 +0');
    symlinkSync('..2', at('..data_tmp'));
    renameSync(at('..data_tmp'), at('..data'));
    await reported('zone k.test.zone 2 +0');
  });

  it('a folder that goes takes no zone away; when it comes back, what is missing is removed', async () => {
    put('b.test.zone', text(2));
    await reported('zone b.test.zone 2 +0');
    rmSync(folder, { recursive: true });
    await reported(/^trouble {2}1:1 the folder is not there; its zones stay/);
    await sleep(400);
    mkdirSync(folder);
    put('a.test.zone', text(3));
    await reported('zone a.test.zone 3 +0', 'removed b.test.zone');
    put('a.test.zone', text(4));
    await reported('zone a.test.zone 4 +0');
  });

  it('rescan reports what has changed and nothing else', async () => {
    const other = opened[0]!;
    await other.rescan();
    expect(log).toEqual([]);
    put('a.test.zone', text(2));
    await other.rescan();
    await reported('zone a.test.zone 2 +0');
  });
});

it('zone folder: a path that leads through a link follows it when it is given another target', async () => {
  rmSync(folder, { recursive: true });
  for (const version of [1, 2]) {
    mkdirSync(join(root, `release${version}`));
    writeFileSync(join(root, `release${version}`, 'a.test.zone'), text(version));
  }
  symlinkSync('release1', folder);
  await open();
  await reported('zone a.test.zone 1 +0');
  symlinkSync('release2', join(root, 'next'));
  renameSync(join(root, 'next'), folder);
  await reported('zone a.test.zone 2 +0');
  put('a.test.zone', text(3));
  await reported('zone a.test.zone 3 +0');
});

describe('zone folder: $INCLUDE', () => {
  it('an included file that changes, goes and comes back is a change of the zones that include it', async () => {
    mkdirSync(at('shared'));
    put('shared/common.inc', 'w A 192.0.2.9\n');
    put('a.test.zone', text(1, '$INCLUDE shared/common.inc\n'));
    await open();
    await reported('zone a.test.zone 1 +1');
    put('shared/common.inc', 'w A 192.0.2.9\nv A 192.0.2.9\n');
    await reported('zone a.test.zone 1 +2');
    unlinkSync(at('shared/common.inc'));
    await reported(/^trouble a.test.zone 5:10 \$INCLUDE: cannot include shared\/common.inc: there is no such file/);
    put('shared/common.inc', 'u A 192.0.2.9\n');
    await reported('zone a.test.zone 1 +1');
  });

  it('nothing outside of the folder is read, by no way', async () => {
    writeFileSync(join(root, 'secret'), 'x A 192.0.2.66\n');
    mkdirSync(join(root, 'zones-not'));
    writeFileSync(join(root, 'zones-not', 'secret'), 'x A 192.0.2.66\n');
    mkdirSync(at('sub'));
    symlinkSync(join(root, 'secret'), at('link'));
    symlinkSync(root, at('sub/up'));
    const ways = [
      '../secret',
      'sub/../../secret',
      join(root, 'secret'),
      'link',
      'sub/up/secret',
      '../zones-not/secret',
    ];
    for (const [index, way] of ways.entries()) put(`w${index}.test.zone`, text(1, `$INCLUDE ${way}\n`));
    await open();
    expect(log).toHaveLength(ways.length);
    for (const line of log)
      expect(line).toMatch(/5:10 \$INCLUDE: cannot include \S+: it lies outside of the zone folder/);
  });

  it('a folder, a file in a ring and a link inside the folder', async () => {
    mkdirSync(at('sub'));
    put('sub/x.inc', 'x A 192.0.2.2\n');
    symlinkSync('sub/x.inc', at('inside'));
    put('a.test.zone', text(1, '$INCLUDE inside\n'));
    put('b.test.zone', text(1, '$INCLUDE sub\n'));
    put('c.test.zone', text(1, '$INCLUDE ring\n'));
    put('ring', '$INCLUDE sub/../ring\n');
    await open();
    expect(log.sort()).toEqual([
      expect.stringMatching(/^trouble b.test.zone 5:10 .*no such file/),
      expect.stringMatching(/^trouble c.test.zone 1:10 .*includes itself/),
      'zone a.test.zone 1 +1',
    ]);
  });
});
