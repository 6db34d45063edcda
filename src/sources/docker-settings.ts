// The settings that all sources have in common that ask an engine, and what they take from the environment: the
// conventions of the docker command (DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH).
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { parseIp } from './address.ts';
import type { EngineOptions } from './docker-engine.ts';
import { parseEngineHost } from './docker-engine.ts';
import { httpShape } from './http-settings.ts';

/** Where an engine listens when nothing else is said. */
export const DEFAULT_HOST = 'unix:///var/run/docker.sock';

const HOST = 'an engine such as "unix:///var/run/docker.sock" or "tcp://192.0.2.1:2376"';

export const engineHost = z
  .string({ error: HOST })
  .refine((text) => parseEngineHost(text, false) !== undefined, { error: HOST });

const { tls, connectTimeout, timeout, maxBody } = httpShape;

/** The part of the settings that an engine takes; `host` is each source's own. */
export const engineShape = {
  tls: tls.describe('Speak TLS; the docker command calls the files ca.pem, cert.pem and key.pem'),
  connectTimeout,
  timeout,
  maxBody,
};

const ADDRESS = 'an address such as "192.0.2.1" or "2001:db8::1"';

/** IP addresses of either version, in their shortest spelling. */
export const ipList = z.array(
  z
    .string({ error: ADDRESS })
    .refine((text) => parseIp(text) !== undefined, { error: ADDRESS })
    .transform((text) => parseIp(text)!),
  { error: 'a list of addresses' },
);

/** Kinds of sources that ask an engine, and the setting that says which. */
const ENGINE_SOURCES: Readonly<Record<string, string>> = { docker: 'host', swarm: 'hosts' };

/**
 * The settings of a source as they stand, with the engine of the environment when they name none.
 * @param environment variables by name
 */
export function withEngineOfEnvironment(
  source: unknown,
  environment: Readonly<Record<string, string | undefined>>,
): unknown {
  if (typeof source !== 'object' || source === null) return source;
  const key = ENGINE_SOURCES[(source as { kind?: string }).kind ?? ''];
  const host = environment.DOCKER_HOST;
  if (key === undefined || key in source || !host) return source;
  const folder = environment.DOCKER_CERT_PATH || join(homedir(), '.docker');
  const isTls = Boolean(environment.DOCKER_TLS_VERIFY) && host.startsWith('tcp:');
  return {
    ...(isTls && {
      tls: {
        caFile: join(folder, 'ca.pem'),
        certFile: join(folder, 'cert.pem'),
        keyFile: join(folder, 'key.pem'),
      },
    }),
    ...source,
    [key]: key === 'hosts' ? [host] : host,
  };
}

/** What an engine is made of, out of a source's settings. */
export function engineOptions(
  host: string,
  { tls, ...http }: Pick<EngineOptions, 'tls'> & EngineOptions['http'],
  now: () => number,
): EngineOptions {
  const { connectTimeout, timeout, maxBody } = http;
  return { host, tls, http: { connectTimeout, timeout, maxBody }, now };
}
