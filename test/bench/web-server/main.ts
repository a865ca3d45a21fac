// A real server for throughput: answers every request head with the same few bytes, as fast as one Node process can.
// Run as: web-server/main.ts PORT
import { createServer } from 'node:net';

const BODY = 'fairlead\n';
const HEAD = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${BODY.length}\r\n`;
const KEEP = Buffer.from(`${HEAD}\r\n${BODY}`);
const CLOSE = Buffer.from(`${HEAD}Connection: close\r\n\r\n${BODY}`);

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  // The client asks one thing at a time, in one small segment.
  socket.on('data', (request) => {
    if (request.includes('Connection: close')) socket.end(CLOSE);
    else socket.write(KEEP);
  });
});
server.listen({ port: Number(process.argv[2]), host: '0.0.0.0', backlog: 4096 }, () => console.log('ready'));
