// The answer to a form that was made for another configuration than the one in force: nothing is done, and it says what has
// changed since, by whom and why.

import type { Revision } from '../../../director/control/schema.ts';
import { FairleadError } from '../../../director/model/error.ts';
import { absolute } from '../../html/format.ts';
import { html } from '../../html/html.ts';
import { type PageContext, type View, view } from '../../page.ts';

const TOLD_MAX = 10;

/** `done`: what was carried out before the configuration changed under it. */
export async function staleRefusal(
  context: PageContext,
  seen: number,
  back: string,
  done: readonly string[],
): Promise<View> {
  const since = await revisionsSince(context, seen);
  const newest = since.at(-1);
  const number = newest?.number ?? context.picture?.status.revision.number;
  const link = {
    to: `/configuration/diff?from=${seen}${number === undefined ? '' : `&to=${number}`}`,
    text: 'What has changed',
  };
  const text =
    number === undefined || number === seen
      ? `The page was made for revision ${seen}, which is not in force.`
      : `The page was made for revision ${seen}; meanwhile revision ${number} is in force.`;
  const rows = since.toReversed().slice(0, TOLD_MAX);
  return view(
    'Nothing was overwritten',
    html`<p>Look at what is in force now and decide again: the servers, their weights or their rules may be others than those that you saw.</p>
<p class="actions"><a class="button main" href="${back}">See it as it is now</a></p>`,
    {
      status: 412,
      refusal: {
        tone: 'bad',
        text: `${done.length === 0 ? 'Nothing was done.' : 'Not all was done.'} ${text}`,
        items: [
          ...done,
          ...rows.map(
            ({ number, at, author, comment }) =>
              `revision ${number} by ${author}, ${absolute(at)}${comment === '' ? '' : `: ${comment}`}`,
          ),
        ],
        remedy: 'Load the page again.',
        link,
      },
    },
  );
}

/** Oldest first. An old page deserves an answer also when this cannot be asked. */
async function revisionsSince({ client }: PageContext, seen: number): Promise<readonly Revision[]> {
  try {
    const { revisions } = await client.call('revisions');
    return revisions.filter(({ number }) => number > seen).sort((one, other) => one.number - other.number);
  } catch (error) {
    if (error instanceof FairleadError) return [];
    throw error;
  }
}
