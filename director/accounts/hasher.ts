// Passwords to scrypt hashes and back to yes or no (RFC 7914). Guarantees: at most two at a time, since each takes 32 MiB
// and a core; a bounded queue behind them, `busy` beyond. The parameters stand in each hash, so that they can be raised.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { FairleadError } from '../model/error.ts';
import { normalizePassword } from './core/policy.ts';

export interface HashCost {
  /** N is 2 to this power. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

export interface HasherOptions {
  readonly cost?: HashCost;
  readonly queue_max?: number;
}

const COST: HashCost = { ln: 15, r: 8, p: 1 };
const AT_ONCE = 2;
const QUEUE_MAX = 32;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const MARGIN_BYTES = 2 ** 20;
/** A hash that asks for more than this is not one of ours. */
const COST_MAX: HashCost = { ln: 20, r: 16, p: 4 };

interface ParsedHash {
  readonly cost: HashCost;
  readonly salt: Buffer;
  readonly key: Buffer;
}

export class Hasher {
  readonly #cost: HashCost;
  readonly #queue_max: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** What is compared when there is nothing to compare with. No password has this key. */
  readonly #dummy: ParsedHash;

  constructor({ cost = COST, queue_max = QUEUE_MAX }: HasherOptions = {}) {
    this.#cost = cost;
    this.#queue_max = queue_max;
    this.#dummy = { cost, salt: randomBytes(SALT_BYTES), key: randomBytes(KEY_BYTES) };
  }

  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const key = await this.#derive(password, salt, this.#cost);
    const { ln, r, p } = this.#cost;
    return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64url')}$${key.toString('base64url')}`;
  }

  /**
   * Takes as long without a hash to compare with (no such user, or one that cannot be read) as with one. `outdated`: the
   * password is right and should be hashed anew, as it was with other parameters.
   */
  async verify(password: string, stored: string | undefined): Promise<{ ok: boolean; outdated: boolean }> {
    const parsed = stored === undefined ? undefined : parseHash(stored);
    const usable = password.isWellFormed() ? parsed : undefined;
    const { cost, salt, key } = usable ?? this.#dummy;
    const derived = await this.#derive(password, salt, cost);
    const same = timingSafeEqual(derived, key);
    const ok = same && usable !== undefined;
    return { ok, outdated: ok && !isSameCost(cost, this.#cost) };
  }

  async #derive(password: string, salt: Buffer, cost: HashCost): Promise<Buffer> {
    await this.#enter();
    try {
      return await derive(password, salt, cost);
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running >= AT_ONCE) {
      if (this.#waiting.length >= this.#queue_max)
        throw new FairleadError('busy', 'Too many passwords are being checked just now.', {
          remedy: 'Try again in a few seconds.',
        });
      // Whoever leaves calls one in, and that one counts from then on.
      await new Promise<void>((resolve) =>
        this.#waiting.push(() => {
          this.#running++;
          resolve();
        }),
      );
      return;
    }
    this.#running++;
  }
}

function derive(password: string, salt: Buffer, { ln, r, p }: HashCost): Promise<Buffer> {
  const N = 2 ** ln;
  // Node's default limit is just too small for these parameters; what else there is fits into the margin.
  const options = { N, r, p, maxmem: 128 * N * r + MARGIN_BYTES };
  return new Promise((resolve, reject) =>
    scrypt(normalizePassword(password), salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    ),
  );
}

function parseHash(text: string): ParsedHash | undefined {
  const found = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([\w-]{22})\$([\w-]{43})$/.exec(text);
  if (found === null) return undefined;
  const [ln, r, p] = found.slice(1, 4).map(Number) as [number, number, number];
  if (ln < 1 || r < 1 || p < 1 || ln > COST_MAX.ln || r > COST_MAX.r || p > COST_MAX.p) return undefined;
  if (ln >= 16 * r) return undefined; // RFC 7914 2: N below 2^(128 * r / 8)
  const [salt, key] = [Buffer.from(found[4]!, 'base64url'), Buffer.from(found[5]!, 'base64url')];
  return { cost: { ln, r, p }, salt, key };
}

function isSameCost(one: HashCost, other: HashCost): boolean {
  return one.ln === other.ln && one.r === other.r && one.p === other.p;
}
