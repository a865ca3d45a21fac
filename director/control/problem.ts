// Errors on their way out of the control API: RFC 9457 bodies with a stable code, one sentence and a remedy.
import { EXIT, FairleadError } from '../model/error.ts';
import type { CheckReply, Problem } from './schema.ts';

/** Status of an error by its code; anything else is 500, or 422 for what the caller wrote wrong. */
const STATUS: Readonly<Record<string, number>> = {
  'bad-request': 400,
  'bad-credentials': 401,
  unauthenticated: 401,
  'cross-origin': 403,
  forbidden: 403,
  'unknown-route': 404,
  'unknown-service': 404,
  'unknown-server': 404,
  'unknown-revision': 404,
  'unknown-subject': 404,
  'unknown-user': 404,
  'unknown-token': 404,
  'unknown-session': 404,
  'unknown-target': 404,
  'method-not-allowed': 405,
  'not-active': 409,
  'nothing-to-roll-back': 409,
  'no-peer': 409,
  'switchover-refused': 409,
  'order-refused': 409,
  'user-exists': 409,
  'last-admin': 409,
  refused: 409,
  stale: 412,
  'too-large': 413,
  'wrong-media-type': 415,
  'bad-configuration': 422,
  'weak-password': 422,
  'precondition-required': 428,
  'too-many-attempts': 429,
  'too-many-followers': 503,
  'store-busy': 503,
  'history-slow': 503,
  busy: 503,
  stopping: 503,
  // The console says these of the director.
  'not-running': 503,
  'no-permission': 503,
  'connection-lost': 503,
  'no-answer': 503,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not logged in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Bad input',
  428: 'Precondition required',
  429: 'Too many attempts',
  500: 'Failed',
  503: 'Not now',
};

/** An error that a list of places comes with, such as a configuration's. */
export interface WithProblems {
  readonly problems: CheckReply['problems'];
}

export function toProblem(error: unknown): Problem {
  if (!(error instanceof FairleadError))
    return problem(500, 'internal', `Something went wrong inside: ${message(error)}`, EXIT.failed);
  const status =
    STATUS[error.code] ?? (error.exit === EXIT.usage ? 422 : error.exit === EXIT.refused ? 409 : 500);
  return {
    ...problem(status, error.code, error.message, error.exit === EXIT.ok ? EXIT.failed : error.exit),
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(hasProblems(error) ? { problems: error.problems } : {}),
  };
}

function problem(status: number, code: string, detail: string, exit: number): Problem {
  return {
    type: `urn:fairlead:${code}`,
    title: TITLES[status] ?? 'Failed',
    status,
    detail,
    code,
    exit,
  };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hasProblems(error: object): error is WithProblems {
  return 'problems' in error && Array.isArray(error.problems);
}
