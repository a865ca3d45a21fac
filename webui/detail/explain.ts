// "Which server would this client get, and why": a form that is an address, the outcome, and every reason.
import type { ControlClient } from '../../director/control/client.ts';
import type { ReplyOf } from '../../director/control/routes.ts';
import type { ServiceStatus } from '../../director/control/schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { still } from '../cells/cell.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { serverAddress, serviceAddress } from './asked.ts';

type Explained = ReplyOf<'explain'>;

export interface Explanation {
  /** As it was typed. */
  readonly asked: string;
  /** As the director was asked; undefined: nothing was. */
  readonly client: string | undefined;
  readonly reply?: Explained;
  readonly refusal?: FairleadError;
}

/** Any will do where none is given: sources with many connections use them all. */
const PORT_WITHOUT = 40_000;
const ASKED_MAX_LENGTH = 64;

/** `192.0.2.1`, `fd00::1`, `[fd00::1]`: with a port, as the director wants it. Others are left as they are. */
export function clientWithPort(text: string): string {
  if (/^\[[^\]]*\]$/.test(text)) return `${text}:${PORT_WITHOUT}`;
  if (/^[^:[\]]+$/.test(text)) return `${text}:${PORT_WITHOUT}`;
  return /^[^[\]]*:[^[\]]*:[^[\]]*$/.test(text) ? `[${text}]:${PORT_WITHOUT}` : text;
}

export async function explain(
  client: Pick<ControlClient, 'call'>,
  service: string,
  given: string | undefined,
): Promise<Explanation> {
  const asked = (given ?? '').trim().slice(0, ASKED_MAX_LENGTH);
  if (asked === '') return { asked, client: undefined };
  const body = { service, client: clientWithPort(asked) };
  try {
    return { asked, client: body.client, reply: await client.call('explain', { body }) };
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    return { asked, client: body.client, refusal: error };
  }
}

export function explainPanel({ name }: Pick<ServiceStatus, 'name'>, explanation: Explanation): Html {
  const { asked } = explanation;
  return html`<section class="panel" id="explain"><h2>Which server would a client get, and why?</h2>
<form class="row" method="get" action="${serviceAddress(name)}#explain" role="search" aria-label="Explain a client">
<label>Client <input name="client" value="${asked}" size="26" maxlength="${ASKED_MAX_LENGTH}" placeholder="192.0.2.1 or 192.0.2.1:40000" required autocapitalize="none" autocomplete="off" spellcheck="false"></label>
<button class="main">Explain</button>${asked === '' ? html` <span class="quiet">Nothing is sent, and no connection is made.</span>` : NOTHING}</form>
<div role="status">${outcome(name, explanation)}</div></section>`;
}

const WORDS = {
  forward: { shape: '▲', tone: 'good' },
  local: { shape: '●', tone: undefined },
  drop: { shape: '▼', tone: 'bad' },
} as const;

function outcome(service: string, { asked, client, reply, refusal }: Explanation): Html {
  if (refusal !== undefined)
    return html`<p class="banner bad" role="alert">${refusal.message}${refusal.remedy === undefined ? NOTHING : html` <span class="remedy">${refusal.remedy}</span>`}</p>`;
  if (reply === undefined) return NOTHING;
  const { shape, tone } = WORDS[reply.outcome];
  const to =
    reply.server === undefined
      ? html`<strong>${reply.outcome === 'local' ? 'this director itself' : 'no server'}</strong>`
      : html`<a href="${serverAddress(service, reply.server)}"><strong>${reply.server}</strong></a>`;
  return html`<p class="explained">${still({ text: `${shape} ${reply.outcome}`, tone })} <span class="mono">${client}</span> → ${to}${reply.method === undefined ? NOTHING : ` by ${reply.method}`}</p>
<ol class="reasons">${reply.because.map((reason) => html`<li>${reason}</li>`)}</ol>
${client === asked ? NOTHING : html`<p class="quiet">No port was given: ${PORT_WITHOUT} was taken for it.</p>`}`;
}
