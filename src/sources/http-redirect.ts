// Where a redirect leads (RFC 9110 15.4), in the forms in which masters say it, and how URLs stand in messages.

/** Where a redirect leads, or what is wrong with it. */
export function redirectTarget(location: string | string[] | undefined, at: URL): URL | string {
  if (typeof location !== 'string') return 'a redirect without a location';
  // Masters leave the scheme to us: `//192.0.2.1:5050/api/v1`.
  const next = URL.parse(location, at.href);
  if (!next || !/^https?:$/.test(next.protocol))
    return `a redirect to ${JSON.stringify(location)}, which is no URL of HTTP`;
  if (at.protocol === 'https:' && next.protocol === 'http:')
    return `a redirect to ${place(next)}, which would leave TLS`;
  next.username = '';
  next.password = '';
  return next;
}

/** The URL for messages: query and user would tell too much. */
export function place(url: URL): string {
  return url.origin + url.pathname;
}
