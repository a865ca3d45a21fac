// Cookies of the console. The session's has the __Host- prefix (RFC 6265bis 4.1.3.2): set over TLS only, for this host
// only, for every path. Lax, so that a link from a message opens the page; writes are guarded by a token of their own.

export const SESSION_COOKIE = '__Host-fairlead';
export const THEME_COOKIE = '__Host-fairlead-theme';
const HEADER_MAX_LENGTH = 8_192;
const YEAR_S = 31_536_000;

/** The value of one cookie. Of several with its name the first, as browsers send the most specific one first. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined || header.length > HEADER_MAX_LENGTH) return undefined;
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

export function sessionCookie(secret: string, seconds: number): string {
  return `${SESSION_COOKIE}=${secret}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${Math.max(0, Math.floor(seconds))}`;
}

export function themeCookie(theme: string): string {
  return `${THEME_COOKIE}=${theme}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${YEAR_S}`;
}
