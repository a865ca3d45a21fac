// What a page of the console is: one entry of a table, with the role that it takes, and a function from who asks and
// what they sent to what they see. Nothing in here knows sockets; the shell around it (shell.ts) does.
import type { AccountRole, Identity } from '../director/control/account-schema.ts';
import type { ControlClient } from '../director/control/client.ts';
import type { Html } from './html/html.ts';
import type { Mirror, Picture, Trouble } from './mirror/mirror.ts';

/** What came with the address or the form: text only, each key once, cut at a limit. */
export type Fields = Readonly<Record<string, string>>;

export interface PageContext {
  readonly identity: Identity;
  /** Asks the director in the name of who looks: what their role does not allow is refused there. */
  readonly client: ControlClient;
  /** The same with little patience: for what adorns a page and must never keep it waiting. */
  readonly glance: Pick<ControlClient, 'call'>;
  /** Undefined: the director has never been heard. */
  readonly picture: Picture | undefined;
  readonly trouble: Trouble | undefined;
  readonly mirror: Mirror;
  /** Wall clock of the director where it is known, else of the console. */
  readonly now: number;
  readonly path: string;
  readonly params: Fields;
  readonly query: Fields;
  /** Of a form; empty for GET. Fields that may be there several times are joined by newlines. */
  readonly form: Fields;
  /** For hidden fields of forms. */
  readonly csrf: string;
  readonly console: ConsoleFacts;
}

/** What the console knows of itself. */
export interface ConsoleFacts {
  readonly version: string;
  readonly started: number;
  readonly certificate: () => CertificateFacts | undefined;
  /** Browsers that follow at the moment. */
  readonly followers: () => number;
}

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly valid_from: number;
  readonly valid_to: number;
  readonly fingerprint: string;
  readonly self_signed: boolean;
  readonly file: string;
}

export interface View {
  readonly kind: 'view';
  readonly title: string;
  readonly body: Html;
  /** Default 200. */
  readonly status?: number;
  /** Nothing was done, and why: told above the body, and instead of it to scripts. */
  readonly refusal?: Flash;
  /** Names in public/ without ending, beside what every page has. */
  readonly scripts?: readonly string[];
  /** Services whose cells the browser is to keep going, `*` for all; undefined: nothing but the strip on top. */
  readonly live?: readonly string[];
}

/** What a write leads to. */
export interface Redirect {
  readonly kind: 'redirect';
  /** A path of the console. */
  readonly to: string;
  readonly flash?: Flash;
}

export interface Flash {
  readonly tone: 'good' | 'warn' | 'bad';
  readonly text: string;
  readonly remedy?: string;
  /** One line each, below the text: what became of each of several things. */
  readonly items?: readonly string[];
  /** Where to read on. */
  readonly link?: { readonly to: string; readonly text: string };
}

/** A file to keep. */
export interface Download {
  readonly kind: 'download';
  readonly name: string;
  readonly type: string;
  readonly body: string | Buffer;
}

export type Outcome = View | Redirect | Download;

export interface Page {
  readonly method: 'get' | 'post';
  /** As express has it: `/services/:service`. */
  readonly path: string;
  readonly role: AccountRole;
  /** A write through the API: which route it is, for the table that compares console, API and command line. */
  readonly acts?: string;
  readonly handle: (context: PageContext) => Outcome | Promise<Outcome>;
}

export function view(title: string, body: Html, more: Omit<View, 'kind' | 'title' | 'body'> = {}): View {
  return { kind: 'view', title, body, ...more };
}

export function redirect(to: string, flash?: Flash): Redirect {
  return { kind: 'redirect', to, ...(flash === undefined ? {} : { flash }) };
}
