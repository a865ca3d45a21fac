// TLS for probes: one secure context for all that do not verify and one for all that do, as building one per probe
// would cost more than the handshake.
import { isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';

let trusting: SecureContext | undefined;
let verifying: SecureContext | undefined;

export interface TlsChoice {
  /** Name sent to the server and looked for in its certificate; an IP address is looked for but never sent (RFC 6066 3). */
  readonly name: string;
  readonly verify: boolean;
}

/** TLS over a connection of its own (`to`) or over one that is there already (`over`, for STARTTLS). */
export function connectTls(
  way: { readonly to: { readonly host: string; readonly port: number } } | { readonly over: Socket },
  choice: TlsChoice,
): TLSSocket {
  const options: ConnectionOptions = {
    secureContext: contextFor(choice.verify),
    rejectUnauthorized: choice.verify,
    ...(isIP(choice.name) === 0 ? { servername: choice.name } : { host: choice.name }),
    ...('to' in way
      ? { host: way.to.host, port: way.to.port, autoSelectFamily: false }
      : { socket: way.over }),
  };
  return connect(options);
}

function contextFor(verify: boolean): SecureContext {
  if (verify) {
    verifying ??= createSecureContext({ ca: getCACertificates('system') });
    return verifying;
  }
  trusting ??= createSecureContext({ ca: [] });
  return trusting;
}
