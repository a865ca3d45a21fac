// The console's listening end: TLS, limits for slow and greedy clients, a certificate that may be renewed while it runs,
// and the step down to a user without privileges once the port is open.

import type { RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { EXIT, FairleadError } from '../director/model/error.ts';
import type { Certificate } from './tls/certificate.ts';

const CONNECTIONS_MAX = 512;
const HEADERS_MAX_BYTES = 16 * 1024;

export interface ConsoleServer extends AsyncDisposable {
  readonly port: number;
  renew(certificate: Certificate): void;
}

export interface ServerOptions {
  readonly address: string;
  readonly port: number;
  readonly certificate: Certificate;
  readonly listener: RequestListener;
}

export async function openServer(options: ServerOptions): Promise<ConsoleServer> {
  const { cert, key } = options.certificate;
  const server = https.createServer(
    {
      cert,
      key,
      minVersion: 'TLSv1.2',
      handshakeTimeout: 10_000,
      maxHeaderSize: HEADERS_MAX_BYTES,
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      keepAliveTimeout: 30_000,
      connectionsCheckingInterval: 1_000,
    },
    options.listener,
  );
  server.maxConnections = CONNECTIONS_MAX;
  // Port scanners and browsers that do not trust the certificate: not worth a line each.
  server.on('tlsClientError', () => {});
  server.on('clientError', (_error, socket) => {
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(options, cause)));
    server.listen(options.port, options.address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    renew: (certificate) =>
      server.setSecureContext({ cert: certificate.cert, key: certificate.key, minVersion: 'TLSv1.2' }),
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listenError({ address, port }: ServerOptions, cause: NodeJS.ErrnoException): FairleadError {
  const remedies: Readonly<Record<string, string>> = {
    EADDRINUSE: 'Another program has this port: give another one with --listen.',
    EADDRNOTAVAIL: 'This machine has no such address: give another one with --listen.',
    EACCES: 'Ports below 1024 take root or CAP_NET_BIND_SERVICE.',
  };
  return new FairleadError(
    'cannot-listen',
    `The console cannot listen on ${address} port ${port}: ${cause.message}.`,
    {
      remedy: remedies[cause.code ?? ''] ?? 'Give another address and port with --listen.',
      exit: EXIT.usage,
      cause,
    },
  );
}
