// Single values of the notifications part: where messages go. Text in, the same text in its canonical form out.
import { z } from 'zod';
import { refuse } from './fields.ts';
import { quote } from './quote.ts';

const URL_CHARS_MAX = 2_048;
const SMTP_PORT = 25;
const SUBMISSIONS_PORT = 465; // RFC 8314, 7.3
const VALUE_CHARS_MAX = 4_096;
/** What HTTP itself needs, and what every message says anyway. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'content-type', 'expect', 'host', 'keep-alive', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'user-agent'],
]);

export const webhookUrl = z.unknown().transform((value, context) => {
  const url = typeof value === 'string' && value.length <= URL_CHARS_MAX ? URL.parse(value) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') {
    url.hash = '';
    return url.href;
  }
  const secret = url !== null && (url.username !== '' || url.password !== '');
  return refuse(context, {
    code: 'bad-url',
    message: secret ? 'must not hold a user or a password' : `${quote(value)} is no http or https address`,
    remedy: secret ? 'give them by headers' : 'write https://hooks.example.net/path',
  });
});

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** `smtp://mail.example.net:587`, `smtps://…`; nothing behind the port. */
export const smtpUrl = z.unknown().transform((value, context): SmtpServer => {
  const match =
    typeof value === 'string'
      ? /^(?<scheme>smtps?):\/\/(?<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?<port>\d{1,5}))?\/?$/.exec(
          value,
        )
      : null;
  const { scheme, host = '', port } = match?.groups ?? {};
  const secure = scheme === 'smtps';
  const number = port === undefined ? (secure ? SUBMISSIONS_PORT : SMTP_PORT) : Number(port);
  if (match !== null && number > 0 && number <= 65_535)
    return { host: host.replace(/^\[|\]$/g, ''), port: number, secure };
  return refuse(context, {
    code: 'bad-url',
    message: `${quote(value)} is no mail server`,
    remedy:
      'write smtp://mail.example.net:587 or smtps://mail.example.net; user and password_file are keys of their own',
  });
});

/** Plain ones only (RFC 5321, 4.1.2 without quoted strings): what a header could be smuggled in by is refused. */
export const mailAddress = z.unknown().transform((value, context) => {
  if (
    typeof value === 'string' &&
    value.length <= 254 &&
    /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value)
  )
    return value;
  return refuse(context, {
    code: 'bad-mail-address',
    message: `${quote(value)} is no mail address`,
    remedy: 'write ops@example.net',
  });
});

/** Undefined: may be sent as it is. */
export function headerFault(name: string, value: unknown): string | undefined {
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(name)) return 'is no header name';
  if (OWN_HEADERS.has(name.toLowerCase())) return 'is set by fairlead itself';
  if (/^fairlead-/i.test(name)) return 'is set by fairlead itself';
  if (typeof value !== 'string' || value === '' || value.length > VALUE_CHARS_MAX)
    return `needs a text of 1 to ${VALUE_CHARS_MAX} characters`;
  return /^[\x20-\x7e]*$/.test(value) ? undefined : 'must hold printable ASCII only';
}
