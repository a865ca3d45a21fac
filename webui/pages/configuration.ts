// The configuration: the text in force with where it came from, and the ways to change it, to look back, and to go back.
import { isAllowed } from '../../director/control/account-schema.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import type { Page, PageContext } from '../page.ts';
import { view } from '../page.ts';
import { editPages } from './configuration-edit.ts';
import { historyPages } from './configuration-history.ts';
import { createOutcomes, outcomePage } from './configuration-outcome.ts';
import { presentText, type RevisionText, yamlFile } from './configuration-text.ts';
import { keyReference, lineOf, peerFact, revisionFacts, windowView } from './configuration-view.ts';

export function configurationPages(): readonly Page[] {
  const outcomes = createOutcomes();
  return [
    {
      method: 'get',
      path: '/configuration',
      role: 'operator',
      async handle(context) {
        const revision = await presentText(context.client);
        return view('Configuration', configurationBody(context, revision, lineOf(context.query.line)));
      },
    },
    {
      method: 'get',
      path: '/configuration.yaml',
      role: 'operator',
      async handle({ client, picture }) {
        return yamlFile(picture?.status, await presentText(client));
      },
    },
    ...editPages(outcomes),
    ...historyPages(outcomes),
    outcomePage(outcomes),
  ];
}

function configurationBody(
  { identity, picture, now }: Pick<PageContext, 'identity' | 'picture' | 'now'>,
  revision: RevisionText,
  line: number,
): Html {
  const admin = isAllowed(identity.role, 'admin');
  return html`<div class="actions"><a class="button ${admin ? 'main' : ''}" href="/configuration/edit">${admin ? 'Edit' : 'Try out a text'}</a>
<a class="button" href="/configuration/revisions">Revisions</a> <a class="button" href="/configuration.yaml">Save as a file</a>
${admin ? NOTHING : html`<span class="quiet">Applying takes the role admin.</span>`}</div>
<section class="panel">${revisionFacts(revision, revision.text, now, peerFact(picture?.status))}</section>
<h2>In force</h2>
${windowView(revision.text, line, `Text of revision ${revision.number}`, '/configuration')}
${keyReference()}`;
}
