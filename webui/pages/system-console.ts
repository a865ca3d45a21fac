// The console about itself: its certificate and how to replace it, who follows, and how scripts get in.
import path from 'node:path';
import { type Cell, still } from '../cells/cell.ts';
import { absolute, counted } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import type { CertificateFacts, ConsoleFacts } from '../page.ts';
import { uptime } from './system-view.ts';

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;

export interface ConsoleShown {
  readonly facts: Pick<ConsoleFacts, 'version' | 'started' | 'followers'>;
  readonly certificate: CertificateFacts | undefined;
  readonly host: string | undefined;
  /** Undefined: not for who asks. */
  readonly sessions: number | undefined;
  readonly now: number;
  readonly admin: boolean;
}

export function consoleBody({ facts, certificate, host, sessions, now, admin }: ConsoleShown): Html {
  return html`<div class="panels"><section class="panel"><h2>This console</h2><dl class="facts"><dt>Version</dt><dd>${facts.version}</dd><dt>Up for</dt><dd>${uptime(now - facts.started)}</dd>
<dt>Followers</dt><dd>${counted(facts.followers(), 'browser')} at the moment</dd>${sessions === undefined ? NOTHING : html`<dt>Sessions</dt><dd><a href="/system/sessions">${sessions}</a></dd>`}</dl></section>
${certificatePanel(certificate, now)}</div>
${apiSection(host ?? 'director.example:8443', certificate, admin)}`;
}

function certificatePanel(certificate: CertificateFacts | undefined, now: number): Html {
  if (certificate === undefined)
    return html`<section class="panel"><h2>Certificate</h2><p>${still({ text: '? Nothing is known of it.', tone: 'warn' })}</p></section>`;
  const { subject, issuer, valid_from, valid_to, fingerprint, self_signed, file } = certificate;
  return html`<section class="panel"><h2>Certificate</h2><dl class="facts"><dt>Valid</dt><dd>${still(validity(certificate, now))}</dd>
<dt>From</dt><dd>${absolute(valid_from)}</dd><dt>To</dt><dd>${absolute(valid_to)}</dd><dt>Subject</dt><dd>${subject}</dd><dt>Issuer</dt><dd>${issuer}</dd>
<dt>Signed by</dt><dd>${self_signed ? still({ text: '◆ itself: browsers warn until it is trusted or replaced', tone: 'warn' }) : still({ text: '▲ its issuer', tone: 'good' })}</dd>
<dt>SHA-256</dt><dd class="mono hash">${fingerprint}</dd><dt>File</dt><dd class="mono hash">${file}</dd></dl>
<h3>To replace it</h3><p>Put <code>NAME.crt</code> (the certificate, then its intermediates) and <code>NAME.key</code>, both PEM, into <code>${path.dirname(file)}</code> on this director, the key readable for the console's user only. The newest pair that fits together is taken within a minute, or at once by SIGHUP; no restart, no session ends. Pairs that do not fit are passed over and told in the console's log.</p></section>`;
}

export function validity(
  { valid_from, valid_to }: Pick<CertificateFacts, 'valid_from' | 'valid_to'>,
  now: number,
): Cell {
  const days = Math.floor((valid_to - now) / DAY_MS);
  if (now >= valid_to) return { text: '▼ expired: browsers refuse it', tone: 'bad' };
  if (now < valid_from) return { text: '▼ not valid yet: see the clocks', tone: 'bad' };
  if (days < SOON_DAYS) return { text: `◆ for ${counted(days, 'more day')}: replace it`, tone: 'warn' };
  return { text: `▲ for ${counted(days, 'more day')}`, tone: 'good' };
}

/** `host` is what the browser called us, and well formed: it is pasted into a shell. */
function apiSection(host: string, certificate: CertificateFacts | undefined, admin: boolean): Html {
  const url = `https://${host}`;
  const trust = certificate?.self_signed === true ? `--cacert ${path.basename(certificate.file)} ` : '';
  const token = '-H "Authorization: Bearer $TOKEN"';
  const places: readonly (readonly [string, string, string])[] = [
    ['/api/v1/', 'the API, as docs/api.md tells it', 'a token, or a session'],
    ['/api/v1/openapi.json', 'the API as an OpenAPI 3.1 document', 'a token, or a session'],
    ['/metrics', 'for Prometheus', 'a token, unless the console was started with --open-metrics'],
    ['/healthz', 'whether the console works', 'nothing'],
    ['/readyz', 'whether the director works, else 503 and why', 'nothing'],
  ];
  return html`<section><h2>API and metrics</h2>
<div class="table"><table class="cards"><thead><tr><th>Address</th><th>What</th><th>Takes</th></tr></thead><tbody>${places.map(([at, what, takes]) => html`<tr><th><code>${url}${at}</code></th><td class="wide" data-label="What">${what}</td><td class="wide" data-label="Takes">${takes}</td></tr>`)}</tbody></table></div>
<p>Scripts come in with a token, which may what its role may. ${admin ? html`<a href="/system/tokens">Make one here</a>, or with` : 'An admin makes one, here or with'} <code>fairlead token create NAME --role viewer</code>. Its secret is shown once.</p>
<pre>TOKEN=fl_…
curl ${trust}${token} ${url}/api/v1/status
curl ${trust}${token} ${url}/metrics
# a change names the revision that it is made from: the ETag of any answer, or *
curl ${trust}${token} -H 'If-Match: *' -H 'Content-Type: application/json' \\
  -d '{"deadline_ms":60000}' ${url}/api/v1/services/www/servers/rs1/drain</pre>
${trust === '' ? NOTHING : html`<p class="fine">Copy <code>${certificate?.file}</code> to where the script runs: the certificate vouches for itself only to those who have it.</p>`}</section>`;
}
