// Routes about notifications.
import type { Handlers } from '../control/backend.ts';
import type { Core } from './core.ts';

export function notifyHandlers({ notify }: Core): Pick<Handlers, 'notifications' | 'notificationsTest'> {
  return {
    notifications: () => notify.report(),
    notificationsTest: async ({ body, note }) => {
      if (body.target !== undefined) note({ target: `target ${body.target}` });
      const reply = await notify.test(body.target);
      note({ after: reply.tests.map(({ number, ok }) => ({ number, ok })) });
      return reply;
    },
  };
}
