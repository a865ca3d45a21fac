// A message in the forms that receivers get: JSON for webhooks and commands, plain text for mail, words for the environment.
// docs/notifications.md documents them; fields are only ever added.
import type { Envelope } from './sender.ts';

/** The kernel takes 128 KiB in one string (MAX_ARG_STRLEN, linux/binfmts.h); the whole text is in the JSON. */
const ENVIRONMENT_CHARS_MAX = 16_384;

export function toJson({ message, cluster, node, version, attempt, lost }: Envelope): string {
  const { at, since, items, lines, ...rest } = message;
  return JSON.stringify({
    version: 1,
    ...{ cluster, node, fairlead: version },
    ...rest,
    text: lines.join('\n'),
    at: iso(at),
    since: iso(since),
    items: items.map((item) => ({ ...item, since: iso(item.since) })),
    ...{ attempt, lost },
  });
}

/** `[web] CRITICAL www is down` */
export function mailSubject({ message, cluster }: Envelope): string {
  return `[${cluster}] ${message.severity.toUpperCase()} ${message.subject}`;
}

export function mailText({ message, cluster, node, version, lost }: Envelope): string {
  const { lines, since, at, id, services, events } = message;
  const about = [
    `cluster   ${cluster}`,
    `director  ${node}`,
    `since     ${iso(since)}`,
    `sent      ${iso(at)}`,
    ...(services.length === 0 ? [] : [`services  ${services.join(', ')}`]),
    ...(events.length === 0 ? [] : [`events    ${events.join(', ')}`]),
    `message   ${id}`,
  ];
  const missing =
    lost === 0 ? [] : ['', `${lost} earlier messages could not be delivered; see "fairlead events".`];
  return [...lines, ...missing, '', ...about, '', `-- \nfairlead ${version}`, ''].join('\n');
}

export function toEnvironment({ message, cluster, node, attempt }: Envelope): Record<string, string> {
  return {
    FAIRLEAD_ID: message.id,
    FAIRLEAD_CLUSTER: cluster,
    FAIRLEAD_NODE: node,
    FAIRLEAD_KIND: message.kind,
    FAIRLEAD_SEVERITY: message.severity,
    FAIRLEAD_SUBJECT: message.subject,
    FAIRLEAD_TEXT: message.lines.join('\n').slice(0, ENVIRONMENT_CHARS_MAX),
    FAIRLEAD_SERVICES: message.services.join(' '),
    FAIRLEAD_SINCE: iso(message.since),
    FAIRLEAD_ATTEMPT: String(attempt),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
