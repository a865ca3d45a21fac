// dns: one question over UDP, over TCP when the answer does not fit; NOERROR and an answer of the type is a pass.
// Guarantees: a fresh random port and id per probe; packets from elsewhere are dropped by the kernel (the socket is
// connected), packets that do not answer this very question are ignored and the wait goes on (RFC 5452 9.1).
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { familyOf } from '../../director/model/address.ts';
import type { ProbeTarget } from '../../director/model/monitor.ts';
import { type Attempt, attempt, oneLine } from './attempt.ts';
import { closeAbruptly } from './close-abruptly.ts';
import { type DnsAnswer, type DnsMessage, RECORD_TYPES, readAnswer, writeQuestion } from './dns-packet.ts';
import { match } from './pattern.ts';
import type { Probe, SpecOf } from './probe.ts';

const ID_MAX = 65_536;
/** Packets with a wrong id or question: a few are late or forged, a flood of them is not worth the time. */
const FOREIGN_MAX = 100;

export const dns: Probe<'dns'> = (target, spec, context) =>
  attempt(context, (attempt) => {
    const id = randomInt(ID_MAX);
    const question = writeQuestion(id, spec.name, spec.type);
    let foreign = 0;
    const read = (bytes: Uint8Array): DnsMessage => readAnswer(bytes, id, spec.name, spec.type);
    askByUdp(attempt, target, question, (bytes) => {
      const message = read(bytes);
      if (message.kind === 'foreign') {
        if (++foreign > FOREIGN_MAX) attempt.fail('the server answers questions that were not asked');
        return 'go on';
      }
      if (message.kind === 'answer' && message.truncated)
        askByTcp(attempt, target, question, (whole) => judge(attempt, spec, read(whole)));
      else judge(attempt, spec, message);
      return 'enough';
    });
  });

function askByUdp(
  attempt: Attempt,
  target: ProbeTarget,
  question: Uint8Array,
  onPacket: (bytes: Uint8Array) => 'go on' | 'enough',
): void {
  const socket = createSocket(familyOf(target.address) === 4 ? 'udp4' : 'udp6');
  let enough = false;
  attempt.onEnd(() => socket.close());
  socket.on('error', (error) => attempt.error(error));
  socket.on('message', (bytes) => {
    if (!attempt.ended && !enough) enough = onPacket(bytes) === 'enough';
  });
  socket.connect(target.port, target.address, () => {
    if (!attempt.ended) socket.send(question, (error) => error && attempt.error(error));
  });
}

/** RFC 1035 4.2.2: two bytes of length, then the message. */
function askByTcp(
  attempt: Attempt,
  target: ProbeTarget,
  question: Uint8Array,
  onMessage: (bytes: Uint8Array) => void,
): void {
  attempt.stage('answer over TCP');
  const socket = connect({ host: target.address, port: target.port, autoSelectFamily: false });
  attempt.onEnd(() => closeAbruptly(socket));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(question.length);
  socket.write(Buffer.concat([length, question]));
  const received = Buffer.alloc(2 + 0xffff);
  let received_bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    if (attempt.ended) return;
    received_bytes += chunk.copy(received, received_bytes);
    const end = 2 + received.readUInt16BE();
    if (received_bytes >= 2 && received_bytes >= end) onMessage(received.subarray(2, end));
  });
  socket.on('error', (error) => attempt.error(error));
  socket.on('end', () => attempt.fail('the server cut its answer over TCP short'));
}

function judge(attempt: Attempt, spec: SpecOf<'dns'>, message: DnsMessage): void {
  if (message.kind === 'foreign') attempt.fail('the answer over TCP is to another question');
  else if (message.kind === 'malformed') attempt.fail(`the answer is malformed: ${message.problem}`);
  else if (message.truncated) attempt.fail('the answer over TCP is truncated');
  else if (message.rcode !== 'NOERROR') attempt.fail(`${message.rcode} for ${spec.name}`);
  else judgeAnswers(attempt, spec, message.answers);
}

function judgeAnswers(attempt: Attempt, spec: SpecOf<'dns'>, answers: readonly DnsAnswer[]): void {
  const texts = answers.filter((each) => each.type === RECORD_TYPES[spec.type]).map((each) => each.text);
  const first = texts[0];
  if (first === undefined) {
    attempt.fail(`no ${spec.type} record for ${spec.name}`);
    return;
  }
  if (spec.answer === undefined) {
    attempt.pass(`${spec.type} ${oneLine(first)}`);
    return;
  }
  // One match over all of them, each on a line of its own, so that one time limit holds for any number of answers.
  const lines = texts.map((text) => text.replace(/[\r\n]+/g, ' '));
  const result = match(spec.answer, lines.join('\n'));
  if ('problem' in result) attempt.fail(result.problem);
  else if (result.found) attempt.pass(`${spec.type} ${oneLine(lineAt(lines, result.end))}`);
  else attempt.fail(`${spec.type} ${oneLine(first)}, but no answer matches ${spec.answer}`);
}

function lineAt(lines: readonly string[], end: number): string {
  const index = lines.join('\n').slice(0, end).split('\n').length - 1;
  return lines[index] ?? '';
}
