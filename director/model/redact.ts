// Secrets stay where they are: what a key calls a secret, or a text says one in passing, is shown without its value. Meant
// for what leaves the director in records and reports; rather too much is hidden than too little.

export const REDACTED = '(redacted)';

const SECRET_WORDS = new Set([
  ...['password', 'passwd', 'passphrase', 'passwords', 'pass', 'pwd', 'psk'],
  ...['secret', 'secrets', 'token', 'tokens', 'credential', 'credentials'],
  ...['authorization', 'bearer', 'cookie', 'cookies', 'apikey', 'csrf'],
]);
/** A path to a secret, or what is known about one, is none. */
const HARMLESS_ENDS = new Set([
  'file',
  'path',
  'name',
  'id',
  'changed',
  'created',
  'expires',
  'days',
  'count',
]);

/** `api_key`, `smtpPassword`, `key`; not `key_file`. */
export function isSecretKey(key: string): boolean {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const last = words.at(-1);
  if (last === undefined || HARMLESS_ENDS.has(last)) return false;
  return last === 'key' || last === 'keys' || words.some((word) => SECRET_WORDS.has(word));
}

const DEPTH_MAX = 16;

/** A copy of plain data without the values of secret keys, unless they are numbers, which count things; what nests deeper than anybody reads is left out. */
export function redactValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return '(too deep)';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      isSecretKey(key) && isTelling(member) ? REDACTED : redactValue(member, depth + 1),
    ]),
  );
}

function isTelling(value: unknown): boolean {
  return typeof value === 'string' ? value !== '' : typeof value === 'object' && value !== null;
}

/** Where a text says a secret by itself: `https://user:PASSWORD@host`, `?token=…`, `--password=…`, `Bearer …`. */
const IN_PASSING: readonly RegExp[] = [
  /(\b\w{1,16}:\/\/[^\s/:@]{0,256}:)[^\s/@]{1,256}(?=@)/g,
  /\b((?:password|passwd|passphrase|pwd|secret|token|api[-_]?key|access[-_]?key)["']?\s{0,8}[=:]\s{0,8})("[^"]{1,1024}"|'[^']{1,1024}'|[^\s"',;&}\]]{1,1024})/gi,
  /(\b(?:Bearer|Basic)\s+)[A-Za-z0-9+/._~=-]{8,1024}/g,
];

export function redactText(text: string): string {
  return IN_PASSING.reduce((rest, pattern) => rest.replace(pattern, `$1${REDACTED}`), text);
}
