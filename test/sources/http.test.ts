// The HTTP client of the sources, against a stand-in master: redirects, credentials, TLS, deadlines, limits, messages.
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient, HttpError } from '../../src/sources/http.ts';
import type { AuthSettings, HttpSettings } from '../../src/sources/http-settings.ts';
import { type Certificates, makeCertificates } from '../stand-ins/certificates.ts';
import type { MasterOptions } from '../stand-ins/mesos-master.ts';
import { MesosMasterStandIn } from '../stand-ins/mesos-master.ts';

const folder = mkdtempSync(join(tmpdir(), 'http-'));
const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});
afterAll(() => rmSync(folder, { recursive: true }));

const SECRETS: Readonly<Record<string, string>> = { SECRET: 'p4ssw0rd', TOKEN: 't0ken' };

async function master(options: MasterOptions = {}): Promise<MesosMasterStandIn> {
  const standIn = await MesosMasterStandIn.start(options);
  ending.push(() => standIn.stop());
  return standIn;
}

interface ClientOptions {
  readonly settings?: Partial<HttpSettings>;
  readonly known?: readonly string[];
  readonly now?: () => number;
  readonly socketPath?: string;
}

function client({ settings, known, now = Date.now, socketPath }: ClientOptions = {}): HttpClient {
  const made = new HttpClient({
    settings: { connectTimeout: 5000, timeout: 20_000, maxBody: 1_000_000, ...settings },
    secret: (variable) => SECRETS[variable]!,
    isKnown: (origin) => known === undefined || known.includes(origin),
    now,
    socketPath,
  });
  ending.push(() => made.close());
  return made;
}

/** The message and status that a request fails with. */
async function failure(request: Promise<unknown>): Promise<{ message: string; status: number | undefined }> {
  const error = await request.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof HttpError)) throw new Error(`expected an HttpError, got ${error}`);
  return { message: error.message, status: error.status };
}

const GET_MASTER = { method: 'POST', json: { type: 'GET_MASTER' } } as const;

describe('redirects', () => {
  it.each(['http://', '//'])(
    'a POST follows a 307 to %shost:port, body and all (RFC 9110 15.4.8; Mesos leaves the scheme out)',
    async (prefix) => {
      const [leader, standby] = [await master(), await master()];
      standby.redirect = `${prefix}${leader.address}`;
      const { url, body } = await client().read(`${standby.url}/api/v1`, GET_MASTER);
      expect(url.origin).toBe(leader.url);
      expect(JSON.parse(body.toString()).type).toBe('GET_MASTER');
      expect(leader.calls.map(({ call }) => call)).toEqual(['GET_MASTER']);
    },
  );

  it('ends when a master points to itself: nobody leads', async () => {
    const standby = await master();
    standby.redirect = `//${standby.address}`;
    expect(await failure(client().read(`${standby.url}/api/v1`, GET_MASTER))).toEqual({
      message: `Cannot POST ${standby.url}/api/v1: status 307 points back to it; no leader is elected`,
      status: 307,
    });
  });

  it('ends when two masters point to each other', async () => {
    const [one, other] = [await master(), await master()];
    one.redirect = `//${other.address}`;
    other.redirect = `//${one.address}`;
    const { message } = await failure(client().read(`${one.url}/master/state`));
    expect(message).toMatch(/: more than 5 redirects$/);
  });

  it('does not follow what is no URL of HTTP, nor out of TLS', async () => {
    const standby = await master();
    standby.redirect = 'ftp://192.0.2.1';
    const { message } = await failure(client().read(`${standby.url}/master/state`));
    expect(message).toContain('which is no URL of HTTP');
  });

  it('a POST does not follow a 302, which would make a GET of it (RFC 9110 15.4.3)', async () => {
    const leader = await master();
    const server = createServer((_, response) => response.writeHead(302, { location: leader.url }).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ending.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as { port: number };
    const { message } = await failure(client().read(`http://127.0.0.1:${port}/api/v1`, GET_MASTER));
    expect(message).toMatch(/status 302 points to .*, where a POST may not follow$/);
    expect(leader.calls).toEqual([]);
  });
});

describe('credentials', () => {
  const basic: AuthSettings = { kind: 'basic', principal: 'reader', secretEnv: 'SECRET' };
  const authorization = `Basic ${Buffer.from('reader:p4ssw0rd').toString('base64')}`;

  it('basic ones are sent (RFC 7617)', async () => {
    const standIn = await master({ authorization });
    expect((await client({ settings: { auth: basic } }).read(`${standIn.url}/master/state`)).status).toBe(200);
  });

  it('a token is sent as DC/OS wants it', async () => {
    const standIn = await master({ authorization: 'token=t0ken' });
    const auth: AuthSettings = { kind: 'token', tokenEnv: 'TOKEN' };
    expect((await client({ settings: { auth } }).read(`${standIn.url}/master/state`)).status).toBe(200);
  });

  it('go along a redirect to a known host, and to no other', async () => {
    const [leader, standby] = [await master({ authorization }), await master({ authorization })];
    // Masters ask for credentials before they say who leads, so this one asks for none.
    const open = await master();
    open.redirect = `//${leader.address}`;
    standby.redirect = open.redirect;
    const settings = { auth: basic };
    const both = client({ settings, known: [open.url, leader.url] });
    expect((await both.read(`${open.url}/master/state`)).url.origin).toBe(leader.url);
    const one = client({ settings, known: [open.url] });
    expect(await failure(one.read(`${open.url}/master/state`))).toMatchObject({
      message: `Cannot GET ${leader.url}/master/state: the credentials are for known hosts only; add ${leader.address} to those in the settings`,
    });
    expect(leader.calls).toHaveLength(1);
  });

  it('that are refused or missing say so, and the secret stands in no message', async () => {
    const standIn = await master({ authorization: 'Basic other' });
    const refused = await failure(client({ settings: { auth: basic } }).read(`${standIn.url}/master/state`));
    expect(refused).toEqual({
      message: `Cannot GET ${standIn.url}/master/state: status 401, the credentials are refused`,
      status: 401,
    });
    expect((await failure(client().read(`${standIn.url}/master/state`))).message).toMatch(
      /it wants credentials; give them in auth$/,
    );
  });
});

describe('the login at DC/OS IAM', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = { uid: 'portolan', publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string };
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

  function accountFile(standIn: MesosMasterStandIn, more: object = {}): string {
    const path = join(folder, 'iam.json');
    const login_endpoint = `${standIn.url}/acs/api/v1/auth/login`;
    writeFileSync(path, JSON.stringify({ uid: account.uid, private_key: key, login_endpoint, ...more }));
    return path;
  }
  const iam = (file: string, now?: () => number) =>
    client({ settings: { auth: { kind: 'iam', accountFile: file } }, ...(now && { now }) });
  const logins = ({ calls }: MesosMasterStandIn) => calls.filter(({ call }) => call === 'login').length;
  const tokenUntil = (ms: number) => `x.${Buffer.from(JSON.stringify({ exp: ms / 1000 })).toString('base64url')}.y`;

  it('gives a token for a JWT that the account signed with RS256; one login serves many requests', async () => {
    const standIn = await master({ account });
    const made = iam(accountFile(standIn));
    await Promise.all([made.read(`${standIn.url}/master/state`), made.read(`${standIn.url}/master/state`)]);
    await made.read(`${standIn.url}/master/state`);
    expect(logins(standIn)).toBe(1);
    expect(standIn.calls.at(-1)!.authorization).toBe('token=token-1');
  });

  it('is made again a minute before the token ends', async () => {
    const standIn = await master({ account });
    let time = 0;
    standIn.token = tokenUntil(3_600_000);
    const made = iam(accountFile(standIn), () => time);
    await made.read(`${standIn.url}/master/state`);
    time = 3_539_999;
    await made.read(`${standIn.url}/master/state`);
    expect(logins(standIn)).toBe(1);
    time = 3_540_000;
    await made.read(`${standIn.url}/master/state`);
    expect(logins(standIn)).toBe(2);
  });

  it('is made again, once, when the token is refused', async () => {
    const standIn = await master({ account });
    const made = iam(accountFile(standIn));
    await made.read(`${standIn.url}/master/state`);
    standIn.token = 'token-2';
    expect((await made.read(`${standIn.url}/master/state`)).status).toBe(200);
    expect(logins(standIn)).toBe(2);
  });

  it('that is refused, or cannot be tried, says why without showing key or token', async () => {
    const standIn = await master({ account: { ...account, uid: 'another' } });
    const read = (file: string) => failure(iam(file).read(`${standIn.url}/master/state`));
    expect((await read(accountFile(standIn))).message).toMatch(
      /^Cannot POST .*\/acs\/api\/v1\/auth\/login: status 401/,
    );
    expect((await read(accountFile(standIn, { private_key: 'hush' }))).message).toMatch(
      /iam\.json: private_key: expected an RSA key in PEM$/,
    );
    expect((await read(accountFile(standIn, { login_endpoint: 'leader' }))).message).toMatch(
      /iam\.json: login_endpoint: expected an http or https URL$/,
    );
    writeFileSync(join(folder, 'iam.json'), '{"private_key": "hush');
    expect((await read(join(folder, 'iam.json'))).message).toMatch(/iam\.json cannot be read: it is no JSON$/);
    expect((await read(join(folder, 'none.json'))).message).toMatch(/ENOENT/);
  });
});

describe('TLS', () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });
  afterAll(() => rmSync(certificates.folder, { recursive: true }));

  const server = (more: object = {}) =>
    master({ tls: { cert: certificates.read('server.pem'), key: certificates.read('server.key'), ...more } });
  const read = async (standIn: MesosMasterStandIn, tls: NonNullable<HttpSettings['tls']>) =>
    client({ settings: { tls } }).read(`${standIn.url}/master/state`);

  it('trusts whom caFile names, and nobody else', async () => {
    const standIn = await server();
    expect((await read(standIn, { verify: true, caFile: certificates.path('ca.pem') })).status).toBe(200);
    for (const tls of [{ verify: true }, { verify: true, caFile: certificates.path('other-ca.pem') }])
      expect((await failure(read(standIn, tls))).message).toMatch(
        /its certificate is not trusted; name its authority's in tls\.caFile$/,
      );
    expect(standIn.calls).toHaveLength(1);
  });

  it('takes any certificate only when told to', async () => {
    expect((await read(await server(), { verify: false })).status).toBe(200);
  });

  it('shows its own certificate to those who ask for one', async () => {
    const standIn = await server({ ca: certificates.read('ca.pem') });
    const caFile = certificates.path('ca.pem');
    const own = { certFile: certificates.path('client.pem'), keyFile: certificates.path('client.key') };
    expect((await read(standIn, { verify: true, caFile, ...own })).status).toBe(200);
    expect((await failure(read(standIn, { verify: true, caFile }))).status).toBeUndefined();
  });

  it('reads a certificate again that was replaced', async () => {
    const standIn = await server();
    const caFile = join(folder, 'ca.pem');
    copyFileSync(certificates.path('other-ca.pem'), caFile);
    const made = client({ settings: { tls: { verify: true, caFile } } });
    await failure(made.read(`${standIn.url}/master/state`));
    copyFileSync(certificates.path('ca.pem'), caFile);
    expect((await made.read(`${standIn.url}/master/state`)).status).toBe(200);
  });

  it('says so when the other side speaks none', async () => {
    const standIn = await master();
    const url = standIn.url.replace('http:', 'https:');
    const { message } = await failure(client({ settings: { tls: { verify: true } } }).read(url));
    expect(message).toMatch(/: it does not speak TLS$/);
  });

  it('is not left for plain HTTP', async () => {
    const [standby, leader] = [await server(), await master()];
    standby.redirect = leader.url;
    const { message } = await failure(read(standby, { verify: false }));
    expect(message).toMatch(/a redirect to http:.*, which would leave TLS$/);
    expect(leader.calls).toEqual([]);
  });
});

describe('requests made together', () => {
  it('are all answered, the very first too', async () => {
    const standIn = await master();
    const made = client();
    const answers = await Promise.all(Array.from({ length: 8 }, async () => made.read(`${standIn.url}/master/state`)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  });
});

describe('what goes wrong', () => {
  it.each([
    ['error', /: status 500$/],
    ['unavailable', /: status 503$/],
    ['refuse', /: the connection was closed before the answer was complete$/],
    ['cut', /: the connection was closed before the answer was complete$/],
  ] as const)('%s', async (fault, message) => {
    const standIn = await master();
    standIn.faults.set('state', fault);
    expect((await failure(client().read(`${standIn.url}/master/state`))).message).toMatch(message);
  });

  it.each(['stall', 'drip'] as const)('%s: no complete answer within the deadline', async (fault) => {
    const standIn = await master();
    standIn.faults.set('state', fault);
    const { message } = await failure(client({ settings: { timeout: 300 } }).read(`${standIn.url}/master/state`));
    expect(message).toBe(`Cannot GET ${standIn.url}/master/state: no complete answer within 0.3 s`);
  });

  it('nobody listens', async () => {
    const standIn = await MesosMasterStandIn.start();
    const { url } = standIn;
    await standIn.stop();
    expect((await failure(client().read(`${url}/x?secret=1`))).message).toBe(`Cannot GET ${url}/x: connection refused`);
  });

  it('an answer over the limit is not read to its end', async () => {
    const standIn = await master();
    standIn.document = { frameworks: ['x'.repeat(2000)] };
    const { message } = await failure(client({ settings: { maxBody: 1000 } }).read(`${standIn.url}/master/state`));
    expect(message).toMatch(/: the answer has more than 1000 octets; raise maxBody if it may$/);
  });
});

describe('a stream', () => {
  const SUBSCRIBE = { method: 'POST', json: { type: 'SUBSCRIBE' } } as const;

  it('comes as it is sent, and ends with the signal', async () => {
    const standIn = await master();
    const ended = new AbortController();
    const { body } = await client({ settings: { timeout: 200 } }).stream(`${standIn.url}/api/v1`, {
      ...SUBSCRIBE,
      signal: ended.signal,
    });
    let text = '';
    const reading = (async () => {
      for await (const chunk of body) {
        text += chunk;
        if (text.includes('HEARTBEAT')) ended.abort(new Error('enough'));
      }
    })();
    await standIn.streams(1);
    // Well after the deadline, which is for the answer to begin.
    setTimeout(() => standIn.beat(), 400);
    await expect(reading).rejects.toThrow('enough');
    expect(text).toContain('SUBSCRIBED');
    await standIn.streams(0);
  });

  it('that breaks says so', async () => {
    const standIn = await master();
    const { body } = await client().stream(`${standIn.url}/api/v1`, SUBSCRIBE);
    standIn.cutStreams();
    const reading = (async () => {
      for await (const _ of body);
    })();
    await expect(reading).rejects.toThrow(/^Cannot POST .*\/api\/v1: the connection was closed before/);
  });
});

describe('a Unix socket', () => {
  it('is spoken to instead of the host of the URL', async () => {
    const socketPath = join(folder, 'engine.sock');
    const server = createServer((request, response) => response.end(JSON.stringify({ asked: request.url })));
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    ending.push(() => new Promise((resolve) => server.close(resolve)));
    const { body } = await client({ socketPath }).read('http://engine/info');
    expect(JSON.parse(body.toString())).toEqual({ asked: '/info' });
    const none = client({ socketPath: join(folder, 'none.sock') });
    expect((await failure(none.read('http://engine/info'))).message).toMatch(/: the file or socket does not exist$/);
  });
});
