// A small mail server on loopback for tests: greets, offers STARTTLS and a login, takes messages, and can be told to misbehave.
import { createServer, type Socket } from 'node:net';
import tls from 'node:tls';
import { type Certificate, listen } from '../../../monitor/support/servers.ts';

export interface SmtpOptions {
  /** Offers STARTTLS with it; with `implicit`, TLS from the first byte. */
  readonly certificate?: Certificate;
  readonly implicit?: boolean;
  /** A login is needed: `user password`. */
  readonly login?: string;
  /** Command -> what is answered in place of the usual. */
  readonly answers?: Readonly<Record<string, string>>;
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly encrypted: boolean;
  readonly login: string;
}

export async function serveSmtp(options: SmtpOptions = {}) {
  const mails: Mail[] = [];
  const commands: string[] = [];
  const { certificate } = options;
  const onConnection = (socket: Socket): void =>
    converse(socket, options, { mails, commands, encrypted: false });
  const server =
    options.implicit && certificate !== undefined
      ? tls.createServer({ ...certificate }, (socket) =>
          converse(socket, options, { mails, commands, encrypted: true }),
        )
      : createServer(onConnection);
  const listening = await listen(server);
  return { ...listening, port: listening.target.port, mails, commands };
}

interface Books {
  readonly mails: Mail[];
  readonly commands: string[];
  readonly encrypted: boolean;
}

function converse(socket: Socket, options: SmtpOptions, books: Books, greet = true): void {
  const dialogue = new Dialogue(socket, options, books);
  let rest = '';
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString();
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      dialogue.take(line);
    }
  });
  if (greet) socket.write(`${options.answers?.greeting ?? '220 test ESMTP'}\r\n`);
}

class Dialogue {
  readonly #socket: Socket;
  readonly #options: SmtpOptions;
  readonly #books: Books;
  #data: string[] | undefined;
  #from = '';
  #to: string[] = [];
  #login = '';

  constructor(socket: Socket, options: SmtpOptions, books: Books) {
    this.#socket = socket;
    this.#options = options;
    this.#books = books;
  }

  take(line: string): void {
    if (this.#data === undefined) this.#command(line);
    else if (line === '.') this.#accept(this.#data);
    else this.#data.push(line);
  }

  #say(text: string): void {
    this.#socket.write(`${text}\r\n`);
  }

  #accept(data: readonly string[]): void {
    const { mails, encrypted } = this.#books;
    mails.push({ from: this.#from, to: this.#to, text: data.join('\n'), encrypted, login: this.#login });
    this.#data = undefined;
    this.#say(this.#options.answers?.['.'] ?? '250 taken');
  }

  #command(line: string): void {
    this.#books.commands.push(line);
    const [word = ''] = line.toUpperCase().split(/[ :]/);
    const special = this.#options.answers?.[word];
    const usual: Readonly<Record<string, () => void>> = {
      EHLO: () => this.#hello(),
      STARTTLS: () => this.#encrypt(),
      AUTH: () => this.#authenticate(line),
      MAIL: () => {
        this.#from = line;
        this.#say(this.#options.login !== undefined && this.#login === '' ? '530 who are you' : '250 ok');
      },
      RCPT: () => {
        this.#to.push(line);
        this.#say('250 ok');
      },
      DATA: () => {
        this.#data = [];
        this.#say('354 go on');
      },
      QUIT: () => void this.#socket.end('221 bye\r\n'),
    };
    if (special !== undefined) this.#say(special);
    else (usual[word] ?? (() => this.#say('502 what')))();
  }

  #encrypt(): void {
    this.#say('220 go ahead');
    this.#socket.removeAllListeners('data');
    const secure = new tls.TLSSocket(this.#socket, { isServer: true, ...this.#options.certificate });
    converse(secure, this.#options, { ...this.#books, encrypted: true }, false);
  }

  #authenticate(line: string): void {
    const [, user, password] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
      .toString()
      .split('\0');
    this.#login = `${user} ${password}`;
    this.#say(this.#login === this.#options.login ? '235 welcome' : '535 go away');
  }

  #hello(): void {
    const offers = ['test'];
    const { certificate, login } = this.#options;
    if (certificate !== undefined && !this.#books.encrypted) offers.push('STARTTLS');
    if (login !== undefined) offers.push('AUTH PLAIN');
    this.#say(
      offers.map((offer, index) => `250${index === offers.length - 1 ? ' ' : '-'}${offer}`).join('\r\n'),
    );
  }
}
