// A director with its console, as real programs on loopback, and visitors: people with a browser that keeps cookies and
// follows what it is told, over real TLS that trusts the console's certificate.
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import type { AccountRole } from '../../../director/control/account-schema.ts';
import {
  configurationText,
  Instance,
  RealServer,
  type Started,
  start,
  until,
} from '../../cli/support/instance.ts';

export const PASSWORD = 'correct horse battery';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly to: string | undefined;
}

export interface SiteOptions {
  /** Replaces what the instance is configured with. */
  readonly text?: string;
  /** Whom the console becomes; takes root. */
  readonly user?: string;
}

export class ConsoleSite implements AsyncDisposable {
  readonly instance: Instance;
  /** rs1 and rs2. */
  readonly reals: readonly [RealServer, RealServer];
  readonly certificates: string;
  #console: Started | undefined;
  #user: string | undefined;
  readonly #accounts = new Set<AccountRole>();
  url = '';

  static async open(options: SiteOptions = {}): Promise<ConsoleSite> {
    const site = new ConsoleSite([await RealServer.open(), await RealServer.open()], options);
    await site.instance.run();
    if (options.user !== undefined) site.openTo(options.user);
    await site.startConsole();
    return site;
  }

  private constructor(reals: readonly [RealServer, RealServer], { text }: SiteOptions) {
    this.reals = reals;
    const [rs1, rs2] = reals;
    this.instance = new Instance(text ?? configurationText({ servers: { rs1: rs1.port, rs2: rs2.port } }));
    this.certificates = path.join(this.instance.folder, 'console');
  }

  /** Lets this user's group come to the control socket. */
  openTo(user: string): void {
    this.#user = user;
    const { folder, runtime, socket } = this.instance;
    for (const each of [folder, runtime]) fs.chmodSync(each, 0o755);
    fs.chownSync(socket, 0, Number(user.split(':')[1]));
  }

  async startConsole(): Promise<void> {
    const started = start([
      ...['console', '--runtime', this.instance.runtime, '--listen', '127.0.0.1:0'],
      ...['--certificates', this.certificates],
      ...(this.#user === undefined ? [] : ['--user', this.#user]),
    ]);
    await until(async () => {
      if (started.child.exitCode !== null) throw new Error(JSON.stringify(await started.ended));
      this.url = /"url":"([^"]+)"/.exec(started.out())?.[1] ?? '';
      return this.url !== '';
    });
    this.#console = started;
  }

  async stopConsole(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const console_ = this.#console;
    this.#console = undefined;
    console_?.child.kill(signal);
    await console_?.ended;
  }

  log(): string {
    return this.#console?.out() ?? '';
  }

  pid(): number {
    return this.#console?.child.pid ?? 0;
  }

  /** Nobody yet; `login` makes somebody of them. */
  stranger(): Visitor {
    const certificate = path.join(this.certificates, 'self-signed.crt');
    return new Visitor(this.url, fs.readFileSync(certificate));
  }

  /** Somebody with an account of this role, logged in. */
  async visitor(role: AccountRole = 'admin'): Promise<Visitor> {
    await this.account(role);
    const visitor = this.stranger();
    await visitor.login(`test-${role}`, PASSWORD);
    return visitor;
  }

  /** The first account must be an admin's. */
  async account(role: AccountRole): Promise<void> {
    if (this.#accounts.has(role)) return;
    this.#accounts.add(role);
    if (role !== 'admin') await this.account('admin');
    await this.instance.client.call('userCreate', {
      body: { name: `test-${role}`, role, password: PASSWORD },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopConsole();
    await this.instance[Symbol.asyncDispose]();
    for (const real of this.reals) await real[Symbol.asyncDispose]();
  }
}

export class Visitor {
  readonly url: string;
  readonly #ca: Buffer;
  readonly #cookies = new Map<string, string>();
  /** The token of the page that was seen last. */
  csrf = '';

  constructor(url: string, ca: Buffer) {
    this.url = url;
    this.#ca = ca;
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  setCookie(name: string, value: string): void {
    this.#cookies.set(name, value);
  }

  async login(name: string, password: string): Promise<void> {
    const { status, text } = await this.post('/login', { name, password });
    if (status !== 303) throw new Error(`login: ${status} ${text}`);
  }

  get(target: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('GET', target, undefined, headers);
  }

  /** A form of the page that was seen last. */
  post(
    target: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.request('POST', target, new URLSearchParams({ csrf: this.csrf, ...fields }).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    });
  }

  /** post(), and the page that it leads to. */
  async submit(target: string, fields: Record<string, string>): Promise<Answer> {
    const answer = await this.post(target, fields);
    return answer.to === undefined ? answer : this.get(answer.to);
  }

  async request(
    method: string,
    target: string,
    body: string | undefined,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await new Promise<Answer>((resolve, reject) => {
      const request = https.request(
        new URL(target, this.url),
        {
          method,
          ca: this.#ca,
          agent: false,
          headers: {
            ...(cookie === '' ? {} : { cookie }),
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
            ...headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              to: response.headers.location,
            }),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });
    this.#keep(answer);
    return answer;
  }

  #keep({ headers, text }: Answer): void {
    for (const line of [headers['set-cookie'] ?? []].flat()) {
      const [pair = ''] = line.split(';');
      const equals = pair.indexOf('=');
      const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
      if (/Max-Age=0(;|$)/.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    const token = /name="csrf" value="([^"]*)"/.exec(text)?.[1];
    if (token !== undefined) this.csrf = token;
  }
}
