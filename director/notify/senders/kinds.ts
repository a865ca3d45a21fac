// From a target of the configuration to its sender, and to the name that people see: never with what may be secret.
import type { NotificationConfig } from '../../config/configuration.ts';
import { createCommand } from './command.ts';
import { createEmail } from './email.ts';
import type { Send } from './sender.ts';
import { createWebhook } from './webhook.ts';

export function createSender(config: NotificationConfig): Send {
  switch (config.kind) {
    case 'webhook':
      return createWebhook(config);
    case 'email':
      return createEmail(config);
    case 'command':
      return createCommand(config);
  }
}

/** A webhook's path is often all that is needed to use it. */
export function nameOf(config: NotificationConfig): string {
  switch (config.kind) {
    case 'webhook':
      return new URL(config.url).host;
    case 'email':
      return config.to.length === 1 ? config.to[0]! : `${config.to[0]} and ${config.to.length - 1} more`;
    case 'command':
      return config.command[0]!;
  }
}
