// Orders about real servers from the console: drain, enable, disable, weight, for one server or for many. Each is sent with
// the revision that its page was drawn for; what became of each server is told by name.
import type { Change, ServerStatus } from '../../../director/control/schema.ts';
import { FairleadError } from '../../../director/model/error.ts';
import { counted } from '../../html/format.ts';
import { isAbsence } from '../../mirror/absence.ts';
import { type Flash, type Outcome, type Page, type PageContext, redirect } from '../../page.ts';
import { nameOf, readBack, readDrain, readRevision, readTargets, readWeight, type Target } from './form.ts';
import { disablePage, drainPage } from './order-pages.ts';
import { staleRefusal } from './stale.ts';

type Carry = (
  target: Target,
  params: { service: string; server: string },
  ifMatch: number,
) => Promise<Change>;

export const orderPages: readonly Page[] = [
  {
    method: 'get',
    path: '/orders/drain',
    role: 'operator',
    handle: (context) => drainPage(context, readTargets(context.query.server), readBack(context.query)),
  },
  {
    method: 'get',
    path: '/orders/disable',
    role: 'operator',
    handle: (context) => disablePage(context, readTargets(context.query.server), readBack(context.query)),
  },
  {
    method: 'post',
    path: '/orders/drain',
    role: 'operator',
    acts: 'drain',
    handle(context) {
      const { form, client } = context;
      const targets = readTargets(form.server);
      // From the bar of the overview: the terms are asked for first.
      if (form.sure === undefined) return drainPage(context, targets, readBack(form), readRevision(form));
      const body = readDrain(form);
      return carryOut(context, targets, (_, params, ifMatch) =>
        client.call('drain', { params, ifMatch, body }),
      );
    },
  },
  {
    method: 'post',
    path: '/orders/disable',
    role: 'operator',
    acts: 'disable',
    handle(context) {
      const { form, client } = context;
      const targets = readTargets(form.server);
      if (form.sure === undefined) return disablePage(context, targets, readBack(form), readRevision(form));
      return carryOut(context, targets, (_, params, ifMatch) => client.call('disable', { params, ifMatch }));
    },
  },
  {
    method: 'post',
    path: '/orders/enable',
    role: 'operator',
    acts: 'enable',
    handle: (context) =>
      carryOut(context, readTargets(context.form.server), (_, params, ifMatch) =>
        context.client.call('enable', { params, ifMatch }),
      ),
  },
  {
    method: 'post',
    path: '/orders/weight',
    role: 'operator',
    acts: 'weight',
    handle(context) {
      const body = { weight: readWeight(context.form) };
      return carryOut(context, readTargets(context.form.server), (_, params, ifMatch) =>
        context.client.call('weight', { params, ifMatch, body }),
      );
    },
  },
];

interface Told {
  readonly line: string;
  readonly tone: Flash['tone'];
  readonly remedy?: string | undefined;
}

/** One after the other, in the order of the page: what comes to a stop has come so far and no further. */
async function carryOut(context: PageContext, targets: readonly Target[], carry: Carry): Promise<Outcome> {
  const revision = readRevision(context.form);
  const back = readBack(context.form);
  const told: Told[] = [];
  for (const [index, target] of targets.entries())
    try {
      const change = await carry(target, { ...target }, revision);
      if (change.server !== undefined) context.mirror.learn(change.server);
      told.push(doneLine(target, change));
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
      if (error.code === 'stale' || error.code === 'precondition-required')
        return staleRefusal(
          context,
          revision,
          back,
          told.map(({ line }) => line),
        );
      if (targets.length === 1) throw error;
      told.push({ line: `${nameOf(target)}: not done, ${error.message}`, tone: 'bad', remedy: error.remedy });
      if (!isAbsence(error)) continue;
      for (const rest of targets.slice(index + 1))
        told.push({ line: `${nameOf(rest)}: not tried`, tone: 'bad' });
      break;
    }
  return redirect(back, summary(told));
}

const ITEMS_MAX = 40;

/** What went wrong comes first: it must not be below what fits. */
function summary(told: readonly Told[]): Flash {
  const remedy = told.find((each) => each.remedy !== undefined)?.remedy;
  const more = remedy === undefined ? {} : { remedy };
  const [first] = told;
  if (told.length === 1 && first !== undefined) return { tone: first.tone, text: first.line, ...more };
  const bad = told.filter(({ tone }) => tone === 'bad').length;
  const warned = told.filter(({ tone }) => tone === 'warn').length;
  const lines = (['bad', 'warn', 'good'] as const).flatMap((tone) =>
    told.filter((each) => each.tone === tone).map(({ line }) => line),
  );
  const rest = lines.length - ITEMS_MAX;
  return {
    tone: bad > 0 ? 'bad' : warned > 0 ? 'warn' : 'good',
    text:
      bad > 0
        ? `${bad} of ${counted(told.length, 'server')} not done:`
        : `${counted(told.length, 'server')} done:`,
    items: rest > 0 ? [...lines.slice(0, ITEMS_MAX), `and ${rest} more`] : lines,
    ...more,
  };
}

function doneLine(target: Target, { server, stored }: Change): Told {
  const state = server === undefined ? 'done' : stateOf(server);
  return stored
    ? { line: `${nameOf(target)}: ${state}`, tone: 'good' }
    : {
        line: `${nameOf(target)}: ${state}; in force, but the disk has not taken it`,
        tone: 'warn',
        remedy: 'A restart of the director would forget it: see the problems on the overview.',
      };
}

function stateOf({ admin, weight_effective, because, active, inactive, templates }: ServerStatus): string {
  const left =
    admin === 'draining'
      ? `, left on it: ${counted(active + inactive, 'connection')}, ${counted(templates, 'template')}`
      : '';
  return `${admin}, effective weight ${weight_effective} (${because})${left}`;
}
