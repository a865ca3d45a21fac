// expect: a conversation in steps (expect a pattern, send a text, change to TLS), for SMTP, FTP, Redis and the like.
// Guarantees: reads no more than 64 KiB altogether, in no more than 256 pieces per step (each is searched again from where
// the last match ended); bytes that came before STARTTLS never count as what came after it.
import { connect, type Socket } from 'node:net';
import type { ExpectStep, ProbeTarget } from '../../director/model/monitor.ts';
import { type Attempt, attempt, oneLine } from './attempt.ts';
import { match, TEXT_LIMIT_BYTES } from './pattern.ts';
import type { Probe, SpecOf } from './probe.ts';
import { connectTls } from './tls.ts';

const PIECES_MAX = 256;
const EXCERPT_LENGTH = 60;

export const expect: Probe<'expect'> = (target, spec, context) =>
  attempt(context, (attempt) => new Conversation(attempt, target, spec).begin());

class Conversation {
  readonly #attempt: Attempt;
  readonly #target: ProbeTarget;
  readonly #spec: SpecOf<'expect'>;
  #socket: Socket;
  /** Received and not yet matched by a step. */
  #text = '';
  #decoder = new TextDecoder();
  #received_bytes = 0;
  #pieces = 0;
  #next = 0;

  constructor(attempt: Attempt, target: ProbeTarget, spec: SpecOf<'expect'>) {
    this.#attempt = attempt;
    this.#target = target;
    this.#spec = spec;
    attempt.stage(spec.tls ? 'TLS connection' : 'connection');
    const to = { host: target.address, port: target.port };
    this.#socket = spec.tls
      ? connectTls({ to }, { name: this.#serverName(), verify: false })
      : connect({ ...to, autoSelectFamily: false });
  }

  begin(): void {
    this.#listen(this.#spec.tls ? 'secureConnect' : 'connect');
  }

  #serverName(): string {
    return this.#spec.sni ?? this.#target.address;
  }

  #listen(ready: 'connect' | 'secureConnect'): void {
    const socket = this.#socket;
    this.#attempt.onEnd(() => socket.destroy());
    socket.on('error', (error) => this.#attempt.error(error));
    socket.once(ready, () => {
      socket.on('data', (chunk: Buffer) => this.#receive(chunk));
      socket.on('end', () => this.#closed());
      this.#proceed();
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#attempt.ended) return;
    this.#received_bytes += chunk.length;
    this.#pieces++;
    this.#text += this.#decoder.decode(chunk, { stream: true });
    this.#proceed();
    if (this.#attempt.ended) return;
    // A server that drips would have the pattern tried again for every byte.
    if (this.#received_bytes > TEXT_LIMIT_BYTES || this.#pieces > PIECES_MAX)
      this.#attempt.fail(`too much text without a match of ${this.#awaited()}`);
  }

  /** Carries out steps until one has to wait. */
  #proceed(): void {
    while (!this.#attempt.ended) {
      const step = this.#spec.steps[this.#next];
      if (step === undefined) this.#attempt.pass(`all ${this.#spec.steps.length} steps done`);
      else if (!this.#carryOut(step)) return;
      this.#next++;
    }
  }

  /** Whether the step is done. */
  #carryOut(step: ExpectStep): boolean {
    switch (step.do) {
      case 'send':
        this.#socket.write(step.text);
        return true;
      case 'expect':
        return this.#search(step.pattern);
      case 'starttls':
        this.#next++; // goes on at secureConnect
        this.#startTls();
        return false;
    }
  }

  #search(pattern: string): boolean {
    this.#attempt.stage(`match of ${pattern}${this.#excerpt()}`);
    if (this.#text === '') return false;
    const result = match(pattern, this.#text);
    if ('problem' in result) this.#attempt.fail(result.problem);
    else if (result.found) {
      this.#text = this.#text.slice(result.end);
      this.#pieces = 0;
      return true;
    }
    return false;
  }

  #startTls(): void {
    this.#attempt.stage('end of the TLS handshake');
    // What the server sent too early in the clear must not pass for an answer under TLS (RFC 3207 4.2).
    this.#text = '';
    this.#decoder = new TextDecoder();
    const clear = this.#socket;
    clear.removeAllListeners('data');
    clear.removeAllListeners('end');
    this.#socket = connectTls({ over: clear }, { name: this.#serverName(), verify: false });
    this.#listen('secureConnect');
  }

  #closed(): void {
    this.#attempt.fail(
      `the server closed the connection before a match of ${this.#awaited()}${this.#excerpt()}`,
    );
  }

  #awaited(): string {
    const step = this.#spec.steps[this.#next];
    return step?.do === 'expect' ? step.pattern : 'the next step';
  }

  #excerpt(): string {
    return this.#text === '' ? '' : ` in "${oneLine(this.#text.slice(-EXCERPT_LENGTH))}"`;
  }
}
