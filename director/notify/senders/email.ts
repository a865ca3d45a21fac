// email: the message as plain text through a mail server. Guarantees: ends within its time, whatever the server does; with
// tls `starttls` or `tls` nothing is sent in the clear; recipients that are refused while others are not are told of.
import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { NotificationConfig } from '../../config/configuration.ts';
import { mailSubject, mailText } from './render.ts';
import { readNamed, readSecret } from './secret.ts';
import { describeError, done, type Envelope, failed, type Outcome, type Send } from './sender.ts';

const RESPONSE_MAX_BYTES = 64 * 1024;

type Email = Extract<NotificationConfig, { kind: 'email' }>;

export function createEmail(config: Email): Send {
  return async (envelope, { timeout_ms, folder, signal }) => {
    try {
      const ca = config.caFile === undefined ? undefined : await readNamed(folder, config.caFile);
      const pass =
        config.passwordFile === undefined ? undefined : await readSecret(folder, config.passwordFile);
      const raw = await compose(config, envelope);
      return await converse(config, { raw, ca, pass, timeout_ms, signal });
    } catch (error) {
      return failed(describeError(error));
    }
  };
}

async function compose(config: Email, envelope: Envelope): Promise<Buffer> {
  const { message } = envelope;
  const domain = config.from.slice(config.from.indexOf('@') + 1);
  return new MailComposer({
    from: { name: `fairlead ${envelope.node}`, address: config.from },
    to: [...config.to],
    subject: mailSubject(envelope),
    text: mailText(envelope),
    date: new Date(message.at),
    // The same at every attempt: a mail that arrives twice is shown once.
    messageId: `<${message.id}.${message.at}@${domain}>`,
    headers: {
      'Auto-Submitted': 'auto-generated', // RFC 3834: no vacation notice answers it
      'X-Fairlead-Severity': message.severity,
      'X-Fairlead-Message': message.id,
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
}

interface Conversation {
  readonly raw: Buffer;
  readonly ca: Buffer | undefined;
  readonly pass: string | undefined;
  readonly timeout_ms: number;
  readonly signal: AbortSignal;
}

function converse(config: Email, { raw, ca, pass, timeout_ms, signal }: Conversation): Promise<Outcome> {
  const { host, port, tls, user } = config;
  const connection = new SMTPConnection({
    ...{ host, port, secure: tls === 'tls', requireTLS: tls === 'starttls', ignoreTLS: tls === 'none' },
    ...{ connectionTimeout: timeout_ms, greetingTimeout: timeout_ms, socketTimeout: timeout_ms },
    ...{ dnsTimeout: timeout_ms, socketCloseTimeout: 0, maxResponseSize: RESPONSE_MAX_BYTES },
    tls: { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) },
  });
  let stage = 'a connection';
  return new Promise<Outcome>((resolve) => {
    // A server that says a word now and then would keep any timeout of inactivity from ending it.
    const timer = setTimeout(() => end(failed(`no ${stage} within ${timeout_ms} ms`)), timeout_ms);
    const cancel = (): void => end(failed('cancelled'));
    const end = (outcome: Outcome): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      if (outcome.ok) connection.quit();
      else connection.close();
      resolve(outcome);
    };
    if (signal.aborted) return cancel();
    signal.addEventListener('abort', cancel, { once: true });
    connection.on('error', (error: unknown) => end(judge(error)));
    // Behind whatever the last answer was, as that says more.
    connection.on('end', () => setImmediate(() => end(failed(`the server left before ${stage}`))));
    const send = (): void => {
      stage = 'answer to the message';
      connection.send({ from: config.from, to: [...config.to] }, raw, (error, info) => {
        if (error != null) return end(judge(error));
        const refused = (info?.rejected ?? []).length;
        end(done(refused === 0 ? 'accepted' : `accepted, but not for ${refused} of ${config.to.length}`));
      });
    };
    connection.connect((error) => {
      if (error != null) return end(judge(error));
      if (user === undefined || pass === undefined) return send();
      stage = 'answer to the login';
      connection.login({ user, pass }, (refused) => (refused == null ? send() : end(judge(refused))));
    });
  });
}

/** A permanent reply (RFC 5321, 4.2.1) to the message itself; a login or a policy may be put right. */
function judge(error: unknown): Outcome {
  const { responseCode, command } = (error ?? {}) as { responseCode?: number; command?: string };
  const final =
    responseCode !== undefined && responseCode >= 500 && /^(?:RCPT|DATA|MAIL)/.test(command ?? '');
  return failed(describeError(error), !final);
}
