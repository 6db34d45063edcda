// Side by side with Knot and NSD: the same zone files, the same questions, the same answers, section by section.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Peer, startPeer } from './peers.ts';
import { type Server, serve } from './portolan.ts';
import { decode, framed, query, TcpClient, TYPE, UdpClient, type WireMessage, type WireRecord } from './wire.ts';

const ZONES = join(import.meta.dirname, 'zones');
const ORIGINS = readdirSync(ZONES).map((file) => file.replace(/\.zone$/, ''));

/** Asked of every name. */
const TYPES = [
  ...[TYPE.A, TYPE.AAAA, TYPE.NS, TYPE.SOA, TYPE.CNAME, TYPE.DNAME, TYPE.MX, TYPE.TXT, TYPE.SRV],
  ...[TYPE.PTR, TYPE.NAPTR, TYPE.CAA, TYPE.DS, TYPE.HTTPS, 65280, 1000],
];

/** Asked of names that are made up. */
const FEW_TYPES = [TYPE.A, TYPE.SRV, TYPE.TXT, TYPE.DS];

/** Questions that are under way at one server at a time. */
const WINDOW = 50;

const EDNS = { edns: { size: 1232 } };

interface Question {
  readonly name: string;
  readonly type: number;
}

/** Why an answer may differ from a peer's, where the RFCs or our own choice decide against the peer. */
interface KnownDifference {
  readonly peer: Peer['name'];
  readonly reason: string;
  readonly covers: (question: Question, ours: WireMessage, theirs: WireMessage) => boolean;
}

const KNOWN: readonly KnownDifference[] = [
  {
    peer: 'NSD',
    reason: 'in-domain glue that does not fit: we set TC (RFC 9471 3.1), NSD leaves it out without a word',
    covers: (_, ours, theirs) => ours.tc && !theirs.tc && !theirs.aa && missingGlue(theirs).length > 0,
  },
];

let records: WireRecord[];

function fold(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** What makes two records the same: Knot and NSD write names in lower case, we keep the spelling. */
function key({ owner, type, ttl, rdata, names }: WireRecord): string {
  return `${fold(owner)} ${ttl} ${type} ${JSON.stringify(names.length > 0 ? fold(rdata) : rdata)}`;
}

function isAddress({ type }: WireRecord): boolean {
  return type === TYPE.A || type === TYPE.AAAA;
}

function isAtOrBelow(name: string, ancestor: string): boolean {
  return name === ancestor || name.endsWith(`.${ancestor}`);
}

/** The in-domain glue that a referral needs and lacks (RFC 9471 3.1). */
function missingGlue({ aa, authority, additional }: WireMessage): string[] {
  if (aa) return [];
  const given = new Set(additional.map(key));
  const targets = authority
    .filter(({ owner, type, names }) => type === TYPE.NS && isAtOrBelow(fold(names[0]!), fold(owner)))
    .map(({ names }) => fold(names[0]!));
  return records
    .filter((record) => isAddress(record) && targets.includes(fold(record.owner)))
    .map(key)
    .filter((glue) => !given.has(glue));
}

/**
 * What conforming servers agree on. The NS set of the apex beside an answer is left to the server (RFC 1034 6.2.1). Records
 * count once: Knot goes round a loop of redirections several times.
 */
function core(message: WireMessage): object {
  const { rcode, aa, tc } = message;
  if (tc) return { rcode, aa, tc };
  const authority = message.authority.filter(
    ({ owner, type }) => !(aa && type === TYPE.NS && message.rcode === 0 && ORIGINS.includes(fold(owner).slice(0, -1))),
  );
  return { rcode, aa, tc, answer: sorted(message.answer), authority: sorted(authority) };
}

function sorted(section: readonly WireRecord[]): string[] {
  return [...new Set(section.map(key))].sort();
}

/** Asks every question; the replies in the order of the questions. */
async function askAll(port: number, questions: readonly Question[]): Promise<WireMessage[]> {
  const client = new UdpClient(port);
  const replies: WireMessage[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < questions.length) {
      const index = next++;
      const { name, type } = questions[index]!;
      replies[index] = decode(await client.ask(query(name, type, EDNS)));
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, work));
  client.close();
  return replies;
}

/** The origin of the zone that a name is in; undefined when it is in none of ours. */
function zoneOf(name: string): string | undefined {
  const labels = fold(name).split('.');
  for (let i = 0; i < labels.length - 1; i++) {
    const suffix = `${labels.slice(i).join('.')}`;
    if (ORIGINS.includes(suffix.slice(0, -1))) return suffix;
  }
  return undefined;
}

/** The name at which an answer's chain of aliases ends; undefined without aliases, or when they go round. */
function chainEnd(name: string, answer: readonly WireRecord[]): string | undefined {
  const visited = new Set<string>();
  for (let at = fold(name); !visited.has(at); ) {
    visited.add(at);
    const alias = answer.find(({ owner, type }) => type === TYPE.CNAME && fold(owner) === at);
    if (!alias) return visited.size > 1 ? at : undefined;
    at = fold(alias.names[0]!);
  }
  return undefined;
}

/**
 * The name to ask on for, as a resolver would. Peers follow aliases within one zone, Knot five of them; we follow into all
 * zones that we serve (RFC 1034 4.3.2 step 3a begins again at step 1, which chooses a zone).
 */
function followOn({ name, type }: Question, message: WireMessage): Question | undefined {
  const target = type === TYPE.CNAME || message.rcode !== 0 ? undefined : chainEnd(name, message.answer);
  if (target === undefined || zoneOf(target) === undefined) return undefined;
  return message.answer.some(({ owner }) => fold(owner) === target) ? undefined : { name: target, type };
}

/** Puts what the peers say of the next names of chains behind what they said first, until there is nothing to add. */
async function askFollowingOn(port: number, questions: readonly Question[]): Promise<WireMessage[]> {
  const messages = await askAll(port, questions);
  const asked = questions.map(({ name }) => new Set([fold(name)]));
  for (;;) {
    const open = questions.flatMap((question, index) => {
      const next = followOn(question, messages[index]!);
      if (!next || asked[index]!.has(next.name)) return [];
      asked[index]!.add(next.name);
      return [{ index, next }];
    });
    if (open.length === 0) return messages;
    const more = await askAll(
      port,
      open.map(({ next }) => next),
    );
    for (const [i, { index }] of open.entries()) {
      const [before, after] = [messages[index]!, more[i]!];
      messages[index] = { ...after, aa: before.aa, answer: [...before.answer, ...after.answer] };
    }
  }
}

async function askAllTcp(port: number, questions: readonly Question[]): Promise<WireMessage[]> {
  const client = await TcpClient.open(port);
  const replies: WireMessage[] = [];
  for (const { name, type } of questions) replies.push(decode(await client.ask(query(name, type, EDNS))));
  client.close();
  return replies;
}

/** All records of a zone, by transfer. */
async function transfer(port: number, origin: string): Promise<WireRecord[]> {
  const client = await TcpClient.open(port);
  client.socket.write(framed(query(origin, TYPE.AXFR)));
  const records: WireRecord[] = [];
  while (records.filter(({ type }) => type === TYPE.SOA).length < 2) {
    const [message] = await client.read(1);
    if (!message) throw new Error(`the transfer of ${origin} ended early`);
    records.push(...decode(message).answer);
  }
  client.close();
  return records.slice(0, -1);
}

/** Names that exist, and names below, beside and above them that do not, or not quite. */
function questionsFor(): Question[] {
  const owners = [...new Set(records.map(({ owner }) => owner))];
  const isMany = (owner: string) => /^(task|ns)\d+\./.test(owner);
  const questions: Question[] = [];
  for (const owner of owners)
    for (const type of isMany(owner) ? FEW_TYPES : TYPES) questions.push({ name: owner, type });
  const made = owners
    .filter((owner) => !isMany(owner))
    .flatMap((owner) => [
      `nope.${owner}`,
      `a.b.${owner}`,
      `*.${owner}`,
      owner.replace(/^(\w)/, 'x$1'),
      owner.slice(owner.indexOf('.') + 1),
      owner.replace(/[a-z]/g, (letter, at: number) => (at % 2 ? letter.toUpperCase() : letter)),
    ]);
  for (const name of new Set(made))
    if (!owners.includes(name)) for (const type of FEW_TYPES) questions.push({ name, type });
  return questions;
}

/** Where the answers differ, in words; those that `KNOWN` covers are counted instead. */
function differences(
  peer: Peer,
  questions: readonly Question[],
  ours: readonly WireMessage[],
  theirs: readonly WireMessage[],
  counts: Map<KnownDifference, number>,
): string[] {
  return questions.flatMap((question, index) => {
    const [we, they] = [ours[index]!, theirs[index]!];
    const [our, their] = [core(we), core(they)].map((message) => JSON.stringify(message, undefined, 1));
    if (our === their) return [];
    const known = KNOWN.find((one) => one.peer === peer.name && one.covers(question, we, they));
    if (!known) return [`${question.name} TYPE${question.type}: ${peer.name} ${their}, we ${our}`];
    counts.set(known, (counts.get(known) ?? 0) + 1);
    return [];
  });
}

describe(`beside Knot and NSD with ${ORIGINS.length} zones`, () => {
  let server: Server;
  let peers: Peer[];
  let questions: Question[];
  let ours: WireMessage[];
  const counts = new Map<KnownDifference, number>();

  beforeAll(async () => {
    [server, ...peers] = await Promise.all([
      serve('--zones', ZONES, '--workers', '1'),
      startPeer('Knot', ZONES, ORIGINS),
      startPeer('NSD', ZONES, ORIGINS),
    ]);
    records = (await Promise.all(ORIGINS.map((origin) => transfer(peers[0]!.port, origin)))).flat();
    questions = questionsFor();
    ours = await askAll(server.port, questions);
  });
  afterAll(async () => {
    await Promise.all([server?.stop(), ...(peers ?? []).map((peer) => peer.stop())]);
  });

  it('rcode, AA, TC, answer and authority are theirs, over UDP', async () => {
    for (const peer of peers) {
      const theirs = await askFollowingOn(peer.port, questions);
      expect(differences(peer, questions, ours, theirs, counts)).toEqual([]);
    }
    console.log(`${questions.length} questions over UDP, compared with ${peers.map(({ name }) => name).join(' and ')}`);
    expect(questions.length).toBeGreaterThanOrEqual(2_000);
  });

  it('rcode, AA, answer and authority are theirs, over TCP, and no addresses are missing that they add', async () => {
    const some = questions.filter((_, index) => ours[index]!.tc || index % 9 === 0);
    const our = await askAllTcp(server.port, some);
    expect(our.filter(({ tc }) => tc)).toEqual([]);
    for (const peer of peers) {
      const theirs = await askAllTcp(peer.port, some);
      // Chains that go on with us are compared over UDP.
      const alike = some.flatMap((question, index) => (followOn(question, theirs[index]!) ? [] : [index]));
      const of = <T>(list: readonly T[]): T[] => alike.map((index) => list[index]!);
      expect(differences(peer, of(some), of(our), of(theirs), counts)).toEqual([]);
      const missing = alike.flatMap((index) => {
        const given = new Set(our[index]!.additional.map(key));
        const lacking = theirs[index]!.additional.filter((record) => isAddress(record) && !given.has(key(record)));
        return lacking.map(
          (record) => `${some[index]!.name} TYPE${some[index]!.type}: ${peer.name} adds ${key(record)}`,
        );
      });
      expect(missing).toEqual([]);
    }
    console.log(`${some.length} questions over TCP`);
    expect(some.length).toBeGreaterThanOrEqual(500);
  });

  it('adds addresses alone, each as the zones have it and of a host that the answer names (RFC 1034 4.3.2 step 6)', async () => {
    const known = new Set(records.map(key));
    const added = ours.flatMap(({ additional }) => additional);
    expect(added.length).toBeGreaterThan(500);
    expect(added.filter((record) => !isAddress(record))).toEqual([]);
    // What no zone holds must come from a wildcard, and then a peer answers it as well.
    const made = [
      ...new Map(added.filter((record) => !known.has(key(record))).map((record) => [key(record), record])).values(),
    ];
    expect(made.length).toBeGreaterThan(0);
    const answers = await askAll(
      peers[0]!.port,
      made.map(({ owner: name, type }) => ({ name, type })),
    );
    for (const [i, record] of made.entries()) expect(answers[i]!.answer.map(key)).toContain(key(record));
    for (const { answer, authority, additional } of ours) {
      const named = new Set([...answer, ...authority].flatMap(({ names }) => names.map(fold)));
      expect(additional.map(({ owner }) => fold(owner)).filter((owner) => !named.has(owner))).toEqual([]);
    }
  });

  it('a referral has the glue that it needs, or TC (RFC 9471 3.1)', () => {
    const referrals = ours.filter(({ aa, rcode, authority }) => !aa && rcode === 0 && authority.length > 0);
    expect(referrals.length).toBeGreaterThan(100);
    for (const referral of referrals) if (!referral.tc) expect(missingGlue(referral)).toEqual([]);
  });

  it('messages are well-formed, within the size asked for, and give the question back as it was spelled (RFC 1035 4.1, RFC 3597 4)', () => {
    for (const [index, { faults, size, question, answer, id: _, ...message }] of ours.entries()) {
      expect(faults).toEqual([]);
      expect(size).toBeLessThanOrEqual(EDNS.edns.size);
      expect(question).toEqual([{ ...questions[index], class: 1 }]);
      expect(new Set(answer.map(key)).size).toBe(answer.length);
      expect(message).toMatchObject({ isReply: true, rd: true, ra: false, z: false, ad: false, cd: false });
    }
  });

  it('differs from them only as the list of known differences says, and that list is not out of date', () => {
    for (const known of KNOWN) {
      console.log(`known difference from ${known.peer}, ${counts.get(known) ?? 0} times: ${known.reason}`);
      expect(counts.get(known)).toBeGreaterThan(0);
    }
  });
});
