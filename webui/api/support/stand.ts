// A console with nothing but the API, for its tests: a real express server on loopback, accounts from a table, and clients that
// speak HTTP properly or write what they like.
import http from 'node:http';
import net from 'node:net';
import express from 'express';
import type { Identity } from '../../../director/control/account-schema.ts';
import { type ApiOptions, apiRouter } from '../router.ts';

export const CSRF = 'csrf-of-ann';
const who = (kind: Identity['kind'], user: string, role: Identity['role'], more = {}): Identity => ({
  ...{ kind, id: `${kind}-${user}`, user, role, first_run: false, ...more },
});

/** Secrets, and whose they are. */
export const ACCOUNTS: Record<string, Identity | undefined> = {
  fl_viewer: who('token', 'vera', 'viewer'),
  fl_operator: who('token', 'otto', 'operator'),
  fl_admin: who('token', 'ada', 'admin'),
  ann: who('session', 'ann', 'admin', { csrf: CSRF }),
  bob: who('session', 'bob', 'admin', { csrf: '' }),
  first: who('session', '', 'admin', { csrf: CSRF, first_run: true }),
};
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
export const cookie = (secret: string) => ({ cookie: `theme=dark; __Host-fairlead=${secret}` });

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  json(): Record<string, unknown>;
}

export class Stand implements AsyncDisposable {
  readonly port: number;
  readonly #server: http.Server;

  static async open(socket: string, more: Partial<ApiOptions> & { root?: boolean } = {}): Promise<Stand> {
    const { root, ...options } = more;
    const app = express();
    const router = apiRouter({
      socket,
      authenticate: async (request) => {
        const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
        const session = /__Host-fairlead=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
        return ACCOUNTS[token ?? session ?? ''];
      },
      originOf: (request, { kind }) =>
        `${kind === 'token' ? 'api' : 'console'} ${request.socket.remoteAddress}`,
      ...options,
    });
    if (root) app.use(router);
    else app.use('/api/v1', router);
    app.use((_request, response) => void response.status(404).send('page'));
    const server = http.createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Stand(server);
  }

  private constructor(server: http.Server) {
    this.#server = server;
    this.port = (server.address() as net.AddressInfo).port;
  }

  ask(
    method: string,
    path: string,
    headers: http.OutgoingHttpHeaders = {},
    body?: string | Buffer,
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        { host: '127.0.0.1', port: this.port, method, path, headers, agent: false },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              text,
              json: () => JSON.parse(text) as Record<string, unknown>,
            }),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  /** Everything that comes back until the connection ends. */
  async raw(bytes: string): Promise<string> {
    const socket = net.connect(this.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => socket.destroy());
    socket.write(bytes, 'latin1');
    await new Promise((resolve) => socket.once('close', resolve));
    return text;
  }

  /** A stream's response, to be read or left alone, and how to go away. */
  follow(path: string, headers: http.OutgoingHttpHeaders): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        { host: '127.0.0.1', port: this.port, path, headers, agent: false },
        resolve,
      );
      request.on('error', reject);
      request.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
