// The settings that all sources have in common that ask an HTTP API: trust, credentials, deadlines and limits.
import { z } from 'zod';
import { size, timeout } from '../base/units.ts';

const file = z.string({ error: 'a path' }).min(1, { error: 'a path' });

/** The name of an environment variable, whose value never stands in the settings. */
export const variable = z
  .string({ error: 'the name of an environment variable' })
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'the name of an environment variable' });

const tls = z
  .strictObject({
    caFile: file.optional().describe("Certificates to trust, PEM, instead of the system's"),
    certFile: file.optional().describe('Our own certificate, PEM, for masters that ask for one'),
    keyFile: file.optional().describe('The key of certFile, PEM'),
    verify: z
      .boolean({ error: 'true or false' })
      .prefault(true)
      .describe('false: any certificate is taken, and whoever is in between can read along'),
  })
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), {
    path: ['keyFile'],
    error: 'both certFile and keyFile, or neither',
  });

const auth = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('basic'),
      principal: z.string({ error: 'a user name' }).min(1, { error: 'a user name' }),
      secretEnv: variable.describe('Environment variable that holds the password'),
    }),
    z.strictObject({
      kind: z.literal('token'),
      tokenEnv: variable.describe('Environment variable that holds the token, sent as "Authorization: token=..."'),
    }),
    z.strictObject({
      kind: z.literal('iam'),
      accountFile: file.describe('Service account of DC/OS: JSON with uid, private_key (PEM) and login_endpoint'),
    }),
  ],
  { error: 'an object whose kind is one of "basic", "token", "iam"' },
);

/** The part of a source's settings that an `HttpClient` takes; to be spread into the shape of the source's own. */
export const httpShape = {
  tls: tls.optional().describe('Speak HTTPS; {} for the trust of the system'),
  auth: auth.optional().describe('Credentials; they are sent to the hosts named here and no others'),
  connectTimeout: timeout('5s').prefault('5s').describe('For a connection to be made'),
  timeout: timeout('60s').prefault('60s').describe('For an answer to be complete'),
  maxBody: size('512MiB').prefault('512MiB').describe('Largest answer, or event, that is read'),
};

export type TlsSettings = z.output<typeof tls>;
export type AuthSettings = z.output<typeof auth>;

/** As an `HttpClient` takes them. Durations in milliseconds, `maxBody` in octets. */
export interface HttpSettings {
  readonly tls?: TlsSettings | undefined;
  readonly auth?: AuthSettings | undefined;
  readonly connectTimeout: number;
  readonly timeout: number;
  readonly maxBody: number;
}
