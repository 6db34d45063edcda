// What went wrong with a connection, in words: the codes of the operating system, of TLS and of undici.

/** By the `code` of the error; what has no words of its own is named as the system names it. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the host does not answer',
  ENOTFOUND: 'the host name has no address',
  EAI_AGAIN: 'the name server does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within connectTimeout',
  UND_ERR_SOCKET: 'the connection was closed before the answer was complete',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too long',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer has another length than it says',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted; name it in tls.caFile',
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is not trusted; name its authority's in tls.caFile",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is not trusted; name its authority's in tls.caFile",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is not trusted; name its authority's in tls.caFile",
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  EPROTO: 'TLS was refused',
  ENOENT: 'the file or socket does not exist',
  EACCES: 'permission denied',
};

/** Why a request failed, as the end of a sentence. */
export function explainFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && WORDS[code] !== undefined) return WORDS[code];
  if (code?.startsWith('HPE_')) return `what it says is no HTTP (${code})`;
  // Several addresses were tried, each with its own failure.
  if (error instanceof AggregateError && error.errors.length > 0) return explainFailure(error.errors[0]);
  return error.message === '' ? (code ?? error.name) : error.message;
}
