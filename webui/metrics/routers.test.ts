// /metrics, /healthz and /readyz over real sockets, in front of a real director that comes and goes.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import zlib from 'node:zlib';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../director/control/account-schema.ts';
import { openControlClient } from '../../director/control/client.ts';
import { FairleadError } from '../../director/model/error.ts';
import { systemClock } from '../../director/native/system-clock.ts';
import { configurationText, Instance } from '../../test/cli/support/instance.ts';
import type { MetricsPicture } from './core/render.ts';
import { healthRouter } from './health-router.ts';
import { metricsRouter } from './metrics-router.ts';
import { askPicture } from './picture.ts';
import { examplePicture } from './support/example.ts';
import { parseExposition } from './support/exposition.ts';

/** Many share this machine. */
const PATIENT = { timeout: 15_000 };

const viewer: Identity = { kind: 'token', id: 't1', user: 'prometheus', role: 'viewer', first_run: false };
const TOKEN = { authorization: 'Bearer fl_viewer' };

class Front implements AsyncDisposable {
  readonly #server: http.Server;
  static async open(...routers: express.Router[]): Promise<Front> {
    const app = express();
    for (const router of routers) app.use(router);
    const server = http.createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Front(server);
  }
  private constructor(server: http.Server) {
    this.#server = server;
  }
  async get(path: string, headers: Record<string, string> = {}, method = 'GET') {
    const { port } = this.#server.address() as AddressInfo;
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http.request({ port, path, method, headers, agent: false }, resolve).on('error', reject).end();
    });
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const authenticate = async (request: express.Request): Promise<Identity | undefined> =>
  request.headers.authorization === TOKEN.authorization
    ? viewer
    : request.headers.cookie === undefined
      ? undefined
      : { ...viewer, kind: 'session' };

let instance: Instance;
beforeAll(async () => {
  instance = new Instance(configurationText({ servers: { rs1: 9 } }));
  await instance.run();
}, 30_000);
afterAll(async () => {
  await instance?.[Symbol.asyncDispose]();
});

describe('/metrics', () => {
  it('gives the director’s figures for a token', async () => {
    await using front = await Front.open(
      metricsRouter({ picture: () => askPicture(instance.client), authenticate }),
    );
    const { status, headers, body } = await front.get('/metrics', TOKEN);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
    });
    const metrics = parseExposition(body.toString());
    expect(metrics.get('fairlead_up')?.samples[0]?.value).toBe(1);
    expect(metrics.get('fairlead_history_state')).toBeDefined();
    const packed = await front.get('/metrics', { ...TOKEN, 'accept-encoding': 'gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect([...parseExposition(zlib.gunzipSync(packed.body).toString()).keys()]).toEqual([...metrics.keys()]);
    const head = await front.get('/metrics', TOKEN, 'HEAD');
    expect([head.status, head.body.length]).toEqual([200, 0]);
  });

  it('is for tokens, not for sessions, unless it is open', async () => {
    const picture = async () => examplePicture();
    await using front = await Front.open(metricsRouter({ picture, authenticate }));
    for (const headers of [
      {},
      { cookie: '__Host-fairlead=x' },
      { authorization: 'Basic x' },
      { authorization: 'Bearer x' },
    ]) {
      const { status, headers: told } = await front.get('/metrics', headers as Record<string, string>);
      expect([status, told['www-authenticate']]).toEqual([401, 'Bearer realm="fairlead"']);
    }
    await using open = await Front.open(metricsRouter({ picture, authenticate, open: true }));
    expect((await open.get('/metrics')).status).toBe(200);
    const post = await open.get('/metrics', {}, 'POST');
    expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  it('says that the director is away instead of failing', async () => {
    const away = openControlClient(`${instance.folder}/none.sock`, { author: 'test', origin: 'test' });
    await using front = await Front.open(metricsRouter({ picture: () => askPicture(away), authenticate }));
    const { status, body } = await front.get('/metrics', TOKEN);
    expect([status, body.toString()]).toEqual([200, expect.stringContaining('fairlead_up 0\n')]);
    const lost = async () => {
      throw new FairleadError('not-running', 'It does not run.');
    };
    await using closed = await Front.open(
      metricsRouter({ picture: () => askPicture(away), authenticate: lost }),
    );
    expect((await closed.get('/metrics', TOKEN)).status).toBe(503);
  });

  it('asks once for all who ask at the same time', async () => {
    let asked = 0;
    let answer: (picture: MetricsPicture) => void = () => undefined;
    const picture = () =>
      new Promise<MetricsPicture>((resolve) => {
        asked += 1;
        answer = resolve;
      });
    let arrived = 0;
    const count = express.Router();
    count.use((_request, _response, next) => {
      arrived += 1;
      next();
    });
    await using front = await Front.open(count, metricsRouter({ picture, authenticate, open: true }));
    const replies = Promise.all(Array.from({ length: 10 }, () => front.get('/metrics')));
    await expect.poll(() => arrived, PATIENT).toBe(10);
    answer(examplePicture());
    expect((await replies).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(asked).toBe(1);
  });

  it('leaves out what the director cannot tell', async () => {
    const { status, services } = examplePicture();
    const client = {
      call: async (name: string) => {
        if (name === 'monitors' || name === 'history') throw new FairleadError('unknown-route', 'Not here.');
        return name === 'status' ? status : { services };
      },
    } as unknown as Parameters<typeof askPicture>[0];
    expect(await askPicture(client)).toEqual({ status, services, checks: undefined, history: undefined });
  });
});

describe('/healthz and /readyz', () => {
  const options = () => ({ client: instance.client, clock: systemClock, trouble: () => undefined });

  it('say ok, as text and as JSON', async () => {
    await using front = await Front.open(healthRouter(options()));
    for (const path of ['/healthz', '/readyz']) {
      const { status, headers, body } = await front.get(path);
      expect([status, body.toString(), headers['cache-control']]).toEqual([200, 'ok\n', 'no-store']);
      const json = await front.get(path, { accept: 'application/json' });
      expect(JSON.parse(json.body.toString())).toEqual({ ok: true, reasons: [] });
      expect((await front.get(path, {}, 'DELETE')).status).toBe(405);
    }
  });

  it('part where the director does not answer, or the picture of it is old', async () => {
    const client = openControlClient(`${instance.folder}/none.sock`, { author: 'test', origin: 'test' });
    const trouble = () => ({ code: 'not-running' });
    await using front = await Front.open(healthRouter({ ...options(), client, trouble }));
    expect((await front.get('/healthz')).status).toBe(200);
    const { status, body } = await front.get('/readyz');
    expect([status, body.toString()]).toEqual([
      503,
      'not-running: the director does not answer\npicture-stale: the picture of the director is old (not-running)\n',
    ]);
    const json = await front.get('/readyz', { accept: 'application/json' });
    expect(json.status).toBe(503);
    expect(JSON.parse(json.body.toString())).toMatchObject({
      ok: false,
      reasons: [{ code: 'not-running' }, {}],
    });
  });

  it('is not ready while the engine refuses steps, and names no service', async () => {
    const client = { call: async () => examplePicture().status } as unknown as ReturnType<
      typeof options
    >['client'];
    await using front = await Front.open(healthRouter({ ...options(), client }));
    const { status, body } = await front.get('/readyz');
    expect([status, body.toString()]).toEqual([
      503,
      'steps-refused: the engine refuses the steps of 1 services\n',
    ]);
  });

  it('is not ready while the director takes too long', async () => {
    const client = { call: () => new Promise(() => undefined) } as unknown as ReturnType<
      typeof options
    >['client'];
    const clock = {
      ...systemClock,
      after: (_delay_ms: number, run: () => void) => {
        queueMicrotask(run);
        return { [Symbol.dispose]: () => undefined };
      },
    };
    await using front = await Front.open(healthRouter({ ...options(), client, clock }));
    expect((await front.get('/readyz')).body.toString()).toBe('no-answer: the director does not answer\n');
  });
});
