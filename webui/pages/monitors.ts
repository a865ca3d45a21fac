// Monitors: every check of every server, and probing now; what came of that is shown where it was asked for.
import { EXIT, FairleadError } from '../../director/model/error.ts';
import { probedOf } from '../detail/checks.ts';
import { counted } from '../html/format.ts';
import type { Fields, Page } from '../page.ts';
import { redirect, view } from '../page.ts';
import { type MonitorsAsked, monitorsBody } from './monitors-view.ts';

const QUERY_MAX_LENGTH = 256;

export const monitorPages: readonly Page[] = [
  {
    method: 'get',
    path: '/monitors',
    role: 'viewer',
    async handle(context) {
      const { checks } = await context.client.call('monitors');
      return view('Monitors', monitorsBody(context, checks, askedOf(context.query)), {
        scripts: ['refresh'],
      });
    },
  },
  {
    method: 'post',
    path: '/monitors/probe',
    role: 'operator',
    acts: 'probe',
    async handle({ client, form, now }) {
      const target = targetOf(form.server ?? '');
      const { probed, at = now } = await client.call('probe', { body: target });
      const back = backOf(form.back);
      if (probed === 0)
        return redirect(back, { tone: 'warn', text: 'Nothing checks it: nothing was probed.' });
      const to = new URL(back, 'https://console');
      to.searchParams.set('probed', String(at));
      if (to.pathname === '/monitors' && target.service !== undefined)
        to.searchParams.set('of', [target.service, target.server ?? []].flat().join('/'));
      return redirect(`${to.pathname}${to.search}${to.pathname === '/monitors' ? '' : '#probes'}`, {
        tone: 'good',
        text: `${counted(probed, 'check is', 'checks are')} probed now.`,
      });
    },
  },
];

function askedOf(query: Fields): MonitorsAsked {
  return {
    q: (query.q ?? '').slice(0, QUERY_MAX_LENGTH).trim(),
    trouble: query.states === 'trouble',
    probed: probedOf(query.probed),
    of: (query.of ?? '').slice(0, QUERY_MAX_LENGTH),
  };
}

/** `www/rs1`, `www`, or nothing for all. */
function targetOf(text: string): { readonly service?: string; readonly server?: string } {
  const [service = '', server, ...rest] = text.split('/');
  if (rest.length > 0 || server === '' || (service === '' && server !== undefined))
    throw new FairleadError('bad-request', `“${text.slice(0, 128)}” names no server.`, {
      remedy: 'Load the page again.',
      exit: EXIT.usage,
    });
  return { ...(service === '' ? {} : { service }), ...(server === undefined ? {} : { server }) };
}

/** Only where there is something to show the outcome. */
function backOf(back: string | undefined): string {
  return back !== undefined &&
    back.length <= 2_048 &&
    /^\/(monitors|services\/[^/?#]+\/servers\/[^/?#]+)(\?[\x21-\x7e]*)?$/.test(back)
    ? back
    : '/monitors';
}
