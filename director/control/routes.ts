// The control API as one table: method, path, what may be asked and what is answered. The server serves exactly
// these, the client is typed by them, and documents are made from them.
import type { z } from 'zod';
import type { Route } from './route.ts';
import { accounts } from './routes/accounts.ts';
import { configuration } from './routes/configuration.ts';
import { look } from './routes/look.ts';
import { orders } from './routes/orders.ts';
import { pair } from './routes/pair.ts';
import { past } from './routes/past.ts';
import { scheduled } from './routes/schedule.ts';

export type { Route } from './route.ts';

export const routes = {
  ...look,
  ...past,
  ...orders,
  ...configuration,
  ...pair,
  ...scheduled,
  ...accounts,
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;
type Field<R, K extends string> = R extends Record<K, infer S extends z.ZodType> ? S : never;
export type QueryOf<N extends RouteName> = z.output<Field<(typeof routes)[N], 'query'>>;
export type QueryInputOf<N extends RouteName> = z.input<Field<(typeof routes)[N], 'query'>>;
export type BodyOf<N extends RouteName> = z.output<Field<(typeof routes)[N], 'body'>>;
export type BodyInputOf<N extends RouteName> = z.input<Field<(typeof routes)[N], 'body'>>;
export type ReplyOf<N extends RouteName> = z.output<Field<(typeof routes)[N], 'reply'>>;
