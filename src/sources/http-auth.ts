// What goes into the header `Authorization`: Basic (RFC 7617), a fixed token, or a token that DC/OS IAM gives for a JWT
// signed with a service account's key (RS256, RFC 7515 and 7519), fetched anew before it ends or when it is refused.
import { createPrivateKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Ending } from './http-ending.ts';
import type { AuthSettings } from './http-settings.ts';

/** Credentials as a header. No message of it shows them. */
export interface Authorizer {
  /**
   * Value of the header.
   * @throws Error that says why there is none
   */
  header(ending: Ending): Promise<string>;
  /** Says that the value was refused. @returns whether `header` will give another one */
  refused(value: string): boolean;
}

export interface AuthorizerOptions {
  readonly settings: AuthSettings;
  /** Value of an environment variable. */
  readonly secret: (variable: string) => string;
  /** Posts JSON without credentials. @returns the body of the answer, parsed */
  readonly post: (url: string, body: unknown, ending: Ending) => Promise<unknown>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { settings, secret } = options;
  switch (settings.kind) {
    case 'basic': {
      const pair = Buffer.from(`${settings.principal}:${secret(settings.secretEnv)}`);
      return fixed(`Basic ${pair.toString('base64')}`);
    }
    case 'token':
      return fixed(`token=${secret(settings.tokenEnv)}`);
    case 'iam':
      return new IamLogin(settings.accountFile, options);
  }
}

function fixed(value: string): Authorizer {
  return { header: async () => value, refused: () => false };
}

const account = z.object({
  uid: z.string({ error: 'a user id' }).min(1, { error: 'a user id' }),
  private_key: z.string({ error: 'a key in PEM' }),
  login_endpoint: z
    .string({ error: 'an http or https URL' })
    .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), { error: 'an http or https URL' }),
});

/** Milliseconds for which a login is asked for; what Mesos-DNS asks for. */
const LOGIN_VALID_MS = 3_600_000;

/** Milliseconds before its end from which on a token is not used any more: clocks differ, and an answer takes time. */
const RENEW_BEFORE_MS = 60_000;

/** Milliseconds that a token is used which does not say when it ends. */
const TOKEN_LIFE_MS = 600_000;

class IamLogin implements Authorizer {
  readonly #file: string;
  readonly #options: AuthorizerOptions;
  #header: string | undefined;
  /** Milliseconds since 1970. */
  #renewAt = 0;
  #running: Promise<string> | undefined;

  constructor(file: string, options: AuthorizerOptions) {
    this.#file = file;
    this.#options = options;
  }

  async header(ending: Ending): Promise<string> {
    if (this.#header !== undefined && this.#options.now() < this.#renewAt) return this.#header;
    this.#running ??= this.#logIn(ending).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  refused(value: string): boolean {
    if (this.#header === value) this.#header = undefined;
    return true;
  }

  async #logIn(ending: Ending): Promise<string> {
    // Read every time: whoever replaces the account's key need not restart us.
    const { uid, private_key, login_endpoint } = await this.#readAccount();
    const seconds = Math.floor((this.#options.now() + LOGIN_VALID_MS) / 1000);
    const answer = await this.#options.post(
      login_endpoint,
      { uid, token: signJwt({ uid, exp: seconds }, private_key, this.#file) },
      ending,
    );
    const token = z.object({ token: z.string().min(1) }).safeParse(answer).data?.token;
    if (token === undefined)
      throw new Error(`Cannot log in at ${login_endpoint}: expected an answer with a token, got none`);
    this.#renewAt = (endOf(token) ?? this.#options.now() + TOKEN_LIFE_MS) - RENEW_BEFORE_MS;
    this.#header = `token=${token}`;
    return this.#header;
  }

  async #readAccount(): Promise<z.output<typeof account>> {
    let document: unknown;
    try {
      document = JSON.parse(await readFile(this.#file, 'utf8'));
    } catch (error) {
      // The message of a JSON error would quote the file, and with it the key.
      const why = error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message;
      throw new Error(`Cannot log in: the service account ${this.#file} cannot be read: ${why}`);
    }
    const result = account.safeParse(document);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new Error(`Cannot log in: ${this.#file}: ${issue!.path.join('.') || 'account'}: expected ${issue!.message}`);
  }
}

function signJwt(claims: object, key: string, file: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  try {
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), createPrivateKey(key)).toString('base64url')}`;
  } catch {
    throw new Error(`Cannot log in: ${file}: private_key: expected an RSA key in PEM`);
  }
}

/** When a JWT says that it ends, in milliseconds since 1970; undefined for tokens of another make. */
function endOf(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const seconds = z.object({ exp: z.number() }).safeParse(claims).data?.exp;
    return seconds === undefined ? undefined : seconds * 1000;
  } catch {
    return undefined;
  }
}
