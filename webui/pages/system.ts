// System: the director's insides with what is wrong and what to do about it, the console itself, and the report for those
// who help from afar.
import { isAllowed } from '../../director/control/account-schema.ts';
import type { ControlClient } from '../../director/control/client.ts';
import type { HistoryStatus } from '../../director/control/history-schema.ts';
import { FairleadError } from '../../director/model/error.ts';
import { html } from '../html/html.ts';
import { type Page, view } from '../page.ts';
import { accountPages } from './accounts.ts';
import { consoleBody } from './system-console.ts';
import { systemNav } from './system-nav.ts';
import { systemBody } from './system-view.ts';

export function systemPages(): readonly Page[] {
  return [
    {
      method: 'get',
      path: '/system',
      role: 'viewer',
      async handle(context) {
        const { client, picture, identity, now } = context;
        const nav = systemNav(context, '/system');
        if (picture === undefined)
          return view('System', html`${nav}<p class="quiet">The director has not been heard yet.</p>`);
        const history = await historyOf(client);
        const admin = isAllowed(identity.role, 'admin');
        return view('System', html`${nav}${systemBody({ status: picture.status, history, now, admin })}`);
      },
    },
    {
      method: 'get',
      path: '/system/diagnostics.json',
      role: 'admin',
      async handle({ client }) {
        const report = await client.call('diagnostics');
        const at = new Date(report.at).toISOString().slice(0, 19).replaceAll(':', '-');
        return {
          kind: 'download',
          name: `fairlead-diagnostics-${report.node}-${at}.json`,
          type: 'application/json; charset=utf-8',
          body: `${JSON.stringify(report, null, 2)}\n`,
        };
      },
    },
    {
      method: 'get',
      path: '/system/console',
      role: 'viewer',
      async handle(context) {
        const { client, identity, host, now, console: facts } = context;
        const admin = isAllowed(identity.role, 'admin');
        const sessions = admin ? (await client.call('sessions')).sessions.length : undefined;
        const body = consoleBody({ facts, certificate: facts.certificate(), host, sessions, now, admin });
        return view('Console and API', html`${systemNav(context, '/system/console')}${body}`);
      },
    },
    ...accountPages(),
  ];
}

/** The page has to say what is wrong with the director, so it does without what cannot be had. */
async function historyOf(client: Pick<ControlClient, 'call'>): Promise<HistoryStatus | undefined> {
  try {
    return await client.call('history');
  } catch (error) {
    if (!(error instanceof FairleadError)) throw error;
    return undefined;
  }
}
