// Routes about what was sampled.
import type { Handlers } from '../control/backend.ts';
import type { Core } from './core.ts';

export function historyHandlers(core: Core): Pick<Handlers, 'history' | 'series' | 'moment' | 'recent'> {
  return {
    history: () => ({ state: 'off', bytes: 0, bytes_max: 0, subjects: 0, levels: [], dropped: 0 }),
    series: ({ query }) => ({ subject: query.subject, level: '1s', times: [], values: {}, highs: {} }),
    moment: () => ({ at: core.clock.now(), level: '1s', subjects: {} }),
    recent: ({ query }) => ({ step_ms: 1_000, metric: query.metric, series: {} }),
  };
}
