// What the console is compared with: one file over TLS, with nothing behind it. Run as: static-file/main.ts FILE CERTIFICATE KEY
// Says its port when it listens. The file is sent as it is, said to be packed with gzip.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const [file = '', cert = '', key = ''] = process.argv.slice(2);
const body = readFileSync(file);
const server = createServer(
  { cert: readFileSync(cert), key: readFileSync(key), minVersion: 'TLSv1.2' },
  (_, response) => {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-encoding': 'gzip',
      'content-length': body.length,
    });
    response.end(body);
  },
);
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));
