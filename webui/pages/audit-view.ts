// How the audit looks: records with what they changed, value by value, and what the chain of hashes says.
import { diffLines } from 'diff';
import type { AuditRecord, AuditVerify } from '../../director/control/audit-schema.ts';
import { routes } from '../../director/control/routes.ts';
import { still } from '../cells/cell.ts';
import { absolute, time } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { type Change, changesOf, valuesInShort } from '../html/values.ts';

export interface AuditFilter {
  readonly who?: string;
  readonly action?: string;
  readonly q?: string;
}

export interface AuditShown {
  /** Newest first. */
  readonly records: readonly AuditRecord[];
  readonly more: boolean;
  readonly filter: AuditFilter;
  readonly before: number | undefined;
  readonly now: number;
}

const ACTIONS: readonly string[] = Object.entries(routes)
  .filter(([, route]) => 'audited' in route && route.audited)
  .map(([name]) => name)
  .sort();
/** Texts that differ in more lines than that are shown whole. */
const EDITS_MAX = 500;
const CONTEXT_LINES = 2;

export function auditBody({ records, more, filter, before, now }: AuditShown): Html {
  const oldest = records.at(-1)?.id;
  return html`<form method="get" action="/audit" class="filters" role="search" aria-label="Filter the audit">
<label>Who <input name="who" value="${filter.who}" placeholder="anybody" size="12" autocapitalize="none"></label>
<label>Action <input name="action" value="${filter.action}" list="actions" placeholder="any" size="14" autocapitalize="none"></label>
<datalist id="actions">${ACTIONS.map((each) => html`<option value="${each}"></option>`)}</datalist>
<label>Text <input name="q" type="search" value="${filter.q}" size="16"></label>
<span class="row"><button class="main">Show</button> <a href="/audit">All</a></span>
</form>
<div class="row"><form method="get" action="/audit/verify" class="inline"><button>Verify the chain</button></form>
<span class="files">Save what is filtered: <a href="/audit.csv${addressOf(filter)}">CSV</a></span></div>
${
  records.length === 0
    ? html`<p class="quiet">${addressOf(filter) === '' && before === undefined ? 'Nothing has been asked of this director yet.' : 'No record passes this filter.'}</p>`
    : html`<div class="table"><table class="cards audit"><thead><tr><th>When (UTC)</th><th>Who, from where</th><th>Action</th><th>To what</th><th>Outcome</th><th>Changed</th></tr></thead><tbody>${records.map((record) => auditRow(record, now))}</tbody></table></div>`
}
<p class="pager">${before === undefined ? NOTHING : html`<a href="/audit${addressOf(filter)}">Newest</a>`}${more && oldest !== undefined ? html` <a rel="next" href="/audit${addressOf({ ...filter, before: oldest })}">Older</a>` : NOTHING}</p>`;
}

function addressOf(fields: AuditFilter & { readonly before?: number }): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) query.set(name, String(value));
  return query.size === 0 ? '' : `?${query}`;
}

function auditRow(record: AuditRecord, now: number): Html {
  const { id, at, who, origin, action, target, outcome, detail } = record;
  return html`<tr id="record-${id}"><td data-label="When"><a href="#record-${id}" title="record ${id}, ${record.hash}"><span class="mono">${absolute(at).slice(5, 19)}</span></a> <small>${time(at, now)}</small></td>
<td data-label="Who"><span><strong>${who}</strong> <small>${origin}</small></span></td><td data-label="Action">${action}</td><td data-label="To what">${target === '' ? '–' : target}</td>
<td class="wide" data-label="Outcome"><span>${outcomeMark(outcome)}${detail === '' ? NOTHING : html` <small>${detail}</small>`}</span></td><td class="wide" data-label="Changed">${changesCell(record)}</td></tr>`;
}

function outcomeMark(outcome: AuditRecord['outcome']): Html {
  if (outcome === 'done') return still({ text: '▲ done', tone: 'good' });
  return outcome === 'refused'
    ? still({ text: '◆ refused', tone: 'warn' })
    : still({ text: '▼ failed', tone: 'bad' });
}

function changesCell({ before, after }: AuditRecord): Html {
  if (before === undefined && after === undefined) return html`–`;
  const { changes, cut } = changesOf(before, after);
  if (changes.length === 0)
    return html`<small>${before === undefined ? valuesInShort(after) : 'as it was'}</small>`;
  const rest = cut ? html`<p class="quiet">There is more than is shown here.</p>` : NOTHING;
  const drawn = html`<dl class="changes">${changes.map(drawChange)}</dl>${rest}`;
  const short = changes.length <= 3 && changes.every((each) => !isLong(each));
  const names = changes.slice(0, 4).map(({ path }) => (path === '' ? 'value' : path));
  return short
    ? drawn
    : html`<details><summary>${names.join(', ')}${changes.length > 4 ? ` and ${changes.length - 4} more` : ''}</summary>${drawn}</details>`;
}

function isLong({ before = '', after = '' }: Change): boolean {
  return before.length + after.length > 160 || before.includes('\n') || after.includes('\n');
}

function drawChange(change: Change): Html {
  const { path, before, after } = change;
  const title = html`<dt>${path === '' ? 'value' : path}</dt>`;
  if (before?.includes('\n') && after?.includes('\n'))
    return html`${title}<dd>${drawLines(before, after)}</dd>`;
  return html`${title}<dd class="diff">${before === undefined ? NOTHING : html`<del class="removed"><span class="unseen">before: </span>${before}</del>`}${before !== undefined && after !== undefined ? ' → ' : NOTHING}${after === undefined ? NOTHING : html`<ins class="added"><span class="unseen">after: </span>${after}</ins>`}</dd>`;
}

function drawLines(before: string, after: string): Html {
  const parts = diffLines(before, after, { maxEditLength: EDITS_MAX });
  if (parts === undefined)
    return html`<pre class="diff"><del class="removed">${before}</del>\n<ins class="added">${after}</ins></pre>`;
  const drawn = parts.map(({ value, added, removed }) => {
    const lines = value.replace(/\n$/, '').split('\n');
    if (added) return html`<ins class="added">${lines.map((line) => `+ ${line}\n`)}</ins>`;
    if (removed) return html`<del class="removed">${lines.map((line) => `- ${line}\n`)}</del>`;
    const kept =
      lines.length > 2 * CONTEXT_LINES + 1
        ? [...lines.slice(0, CONTEXT_LINES), '…', ...lines.slice(-CONTEXT_LINES)]
        : lines;
    return html`${kept.map((line) => `  ${line}\n`)}`;
  });
  return html`<pre class="diff">${drawn}</pre>`;
}

export function verifyBody({
  ok,
  checked,
  first_id,
  last_id,
  last_hash,
  broken_at,
  detail,
}: AuditVerify): Html {
  return html`<p class="banner ${ok ? 'good' : 'bad'}" role="${ok ? 'status' : 'alert'}"><strong>${ok ? '▲ The chain is whole.' : '▼ The chain is broken.'}</strong> ${detail}</p>
<dl class="facts"><dt>Records</dt><dd>${checked} followed${first_id === undefined || last_id === undefined ? NOTHING : `, from ${first_id} to ${last_id}`}</dd>
${broken_at === undefined ? NOTHING : html`<dt>Broken at</dt><dd><a href="/audit?before=${broken_at + 1}#record-${broken_at}">record ${broken_at}</a></dd>`}
${last_hash === undefined ? NOTHING : html`<dt>Last hash</dt><dd class="mono hash">${last_hash}</dd>`}</dl>
<p class="quiet">Each record carries a hash over itself and the one before it. Keep the last hash somewhere else, and compare it later: whoever changes a record must change every hash after it.</p>
<form method="get" action="/audit/verify"><button>Verify again</button></form>`;
}
