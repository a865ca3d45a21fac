// Texts of revisions, as the director keeps them, and as files.
import type { ControlClient } from '../../director/control/client.ts';
import type { ReplyOf } from '../../director/control/routes.ts';
import type { Status } from '../../director/control/schema.ts';
import { EXIT, FairleadError } from '../../director/model/error.ts';
import type { Download } from '../page.ts';

export type RevisionText = ReplyOf<'revision'>;
type Asked = Pick<ControlClient, 'call'>;

/** What is in force. */
export async function presentText(client: Asked): Promise<RevisionText> {
  const { current } = await client.call('revisions');
  return client.call('revision', { params: { revision: String(current) } });
}

/** `given`: from an address or a form. */
export function textOf(client: Asked, given: string | undefined): Promise<RevisionText> {
  return client.call('revision', { params: { revision: String(numberOf(given)) } });
}

export function numberOf(given: string | undefined): number {
  if (given !== undefined && /^[1-9]\d{0,14}$/.test(given)) return Number(given);
  throw new FairleadError('unknown-revision', 'This is no number of a revision.', {
    remedy: 'Choose two from the list of revisions.',
    exit: EXIT.usage,
  });
}

export function yamlFile(
  status: Pick<Status, 'cluster'> | undefined,
  { number, text }: Pick<RevisionText, 'number' | 'text'>,
): Download {
  return {
    kind: 'download',
    name: `${status?.cluster ?? 'fairlead'}-revision-${number}.yaml`,
    type: 'application/yaml; charset=utf-8',
    body: text,
  };
}
