// The first page: what is exposed, whether it is healthy, who is active, whether both are in sync; as it is now or as it was
// at a minute of the past, as a table and as CSV.
import { isAllowed } from '../../director/control/account-schema.ts';
import type { ServiceStatus } from '../../director/control/schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { directorCells } from '../cells/director.ts';
import { absolute } from '../html/format.ts';
import { type Html, html, NOTHING } from '../html/html.ts';
import { type Page, type PageContext, type View, view } from '../page.ts';
import type { Values } from '../public/spark.ts';
import { bulkBar, type Offer, rowForm } from './overview/actions.ts';
import { type Asked, addressOf, readAsked } from './overview/asked.ts';
import { toCsv } from './overview/csv.ts';
import { orderPages } from './overview/orders.ts';
import { servicesThen } from './overview/past.ts';
import { find, type Selection, select } from './overview/selection.ts';
import { table } from './overview/table.ts';
import { pager, pastBanner, problems, toolbar } from './overview/toolbar.ts';

const CSV_PATH = '/overview.csv';
/** Names beyond that do not fit an address: everything is asked for instead. */
const NAMES_MAX_LENGTH = 4_000;

export const overviewPages: readonly Page[] = [
  { method: 'get', path: '/', role: 'viewer', handle: overview },
  {
    method: 'get',
    path: CSV_PATH,
    role: 'viewer',
    async handle(context) {
      const asked = readAsked(context.query);
      const services =
        asked.at === undefined
          ? (context.picture?.services ?? [])
          : (await momentOf(context, asked.at)).services;
      const at = asked.at ?? context.picture?.at ?? context.now;
      return {
        kind: 'download',
        name: `overview-${absolute(at).slice(0, 19).replace(/[ :]/g, '-')}.csv`,
        type: 'text/csv; charset=utf-8',
        body: toCsv(find(services, asked)),
      };
    },
  },
  ...orderPages,
];

async function overview(context: PageContext): Promise<View> {
  const asked = readAsked(context.query);
  return asked.at === undefined
    ? presentView(context, asked, await recentOf(context, asked))
    : pastView(context, { ...asked, at: asked.at }, await momentOf(context, asked.at));
}

export function presentView(
  context: PageContext,
  asked: Asked,
  sparks: Readonly<Record<string, Values>>,
): View {
  const { picture, identity, csrf, now } = context;
  if (picture === undefined)
    return view(
      'Overview',
      html`<p class="quiet">What is served is shown here once the director is heard.</p>`,
    );
  const selection = select(picture.services, asked);
  const offer: Offer | undefined = isAllowed(identity.role, 'operator')
    ? { csrf, revision: picture.status.revision.number, back: addressOf(asked) }
    : undefined;
  return view(
    'Overview',
    html`${problems(directorCells(picture.status, picture.services), now)}
${body(asked, selection, { now, past: false, offer, sparks }, picture.services.length)}
${offer === undefined ? NOTHING : html`${rowForm(offer)}${bulkBar(offer)}`}`,
    { live: topicsOf(selection), scripts: ['overview', 'sparks'] },
  );
}

function body(
  asked: Asked,
  selection: Selection,
  options: Parameters<typeof table>[1],
  services: number,
): Html {
  const nothing =
    services === 0
      ? 'No services are configured.'
      : selection.services > 0
        ? ''
        : asked.states === 'trouble' && asked.q === ''
          ? 'Nothing is in trouble.'
          : 'Nothing is found.';
  return html`${toolbar(asked, selection, addressOf(asked, { page: 1 }, CSV_PATH))}
${selection.shown.length === 0 ? NOTHING : table(selection.shown, options)}
<p id="none" class="quiet"${nothing === '' ? html` hidden` : NOTHING}>${nothing === '' ? 'Nothing on this page is found; Enter looks through all.' : nothing}</p>
${selection.pages > 1 ? html`<p>${pager(asked, selection)}</p>` : NOTHING}`;
}

interface Then {
  readonly services: readonly ServiceStatus[];
  readonly found: number | undefined;
  readonly what: string;
}

export function pastView(context: PageContext, asked: Asked & { at: number }, then: Then): View {
  const selection = select(then.services, asked);
  return view(
    'Overview, in the past',
    html`${pastBanner(asked, then.found, then.what)}
${then.found === undefined ? NOTHING : html`<div class="then-table">${body(asked, selection, { now: context.now, past: true, offer: undefined, sparks: {} }, then.services.length)}</div>`}`,
    { scripts: ['overview'] },
  );
}

/** The picture of a minute, and how exact it is. */
async function momentOf({ client, picture }: PageContext, at: number): Promise<Then> {
  const moment = await client.call('moment', { query: { at } });
  if (Object.keys(moment.subjects).length === 0) {
    const { levels } = await client.call('history');
    const oldest = Math.min(...levels.map((level) => level.oldest ?? Number.POSITIVE_INFINITY));
    const kept = Number.isFinite(oldest)
      ? `The history begins at ${absolute(oldest)}.`
      : 'No history is kept yet.';
    return { services: [], found: undefined, what: `Nothing was sampled then. ${kept}` };
  }
  const spans = { '1s': 'second', '1m': 'minute', '1h': 'hour' };
  const how =
    moment.level === '1s'
      ? 'As it was in that second.'
      : `Means of that ${spans[moment.level]}; health is the worst of it.`;
  return {
    services: servicesThen(moment, picture?.services ?? []),
    found: moment.at,
    what: `${how} Addresses and rules are those of now, and so is the strip on top.`,
  };
}

/** Sparklines are a help, not a condition: without them the page is drawn all the same. */
async function recentOf(context: PageContext, asked: Asked): Promise<Readonly<Record<string, Values>>> {
  const { glance, picture, trouble } = context;
  if (picture === undefined || trouble !== undefined) return {};
  const subjects = select(picture.services, asked)
    .shown.map(({ service }) => service.name)
    .join(',');
  if (subjects === '') return {};
  try {
    const { series } = await glance.call('recent', {
      query: { metric: 'connections_per_s', ...(subjects.length > NAMES_MAX_LENGTH ? {} : { subjects }) },
    });
    return series;
  } catch (error) {
    if (error instanceof FairleadError) return {};
    throw error;
  }
}

function topicsOf({ shown }: Selection): readonly string[] {
  const names = shown.map(({ service }) => service.name);
  return names.length > 200 || names.join(',').length > NAMES_MAX_LENGTH ? ['*'] : names;
}
