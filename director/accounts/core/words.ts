// Text that came from outside, made fit to be kept and shown: where somebody asks from, and with what. And the keys by
// which attempts are counted.
import { ACCOUNT_NAME } from '../../model/account.ts';
import { type Address, familyOf, maskAddress, parseAddress } from '../../model/address.ts';

const PLACE_MAX = 64;
const AGENT_MAX = 160;
/** Whoever has one address of IPv6 usually has all of such a prefix. */
const IPV6_KEY_BITS = 64;

/** An address in its one form, else a few printable characters. */
export function placeOf(from: string): string {
  return addressIn(from) ?? printable(from, PLACE_MAX);
}

export function agentOf(agent: string): string {
  return printable(agent, AGENT_MAX);
}

/** What counts as one place: an IPv4 address, a network of IPv6, and everything that is neither together. */
export function placeKey(from: string): string {
  const address = addressIn(from);
  if (address === undefined) return 'elsewhere';
  return familyOf(address) === 4 ? address : `${maskAddress(address, IPV6_KEY_BITS)}/${IPV6_KEY_BITS}`;
}

/** A name for records: what is no name may be a password that went into the wrong field. */
export function nameForRecords(name: string): string {
  return ACCOUNT_NAME.test(name) ? name : '(no account name)';
}

/** Without the interface that a link-local address of IPv6 comes with. */
function addressIn(from: string): Address | undefined {
  return parseAddress(
    from
      .slice(0, PLACE_MAX)
      .trim()
      .replace(/%[\w.-]+$/, ''),
  );
}

function printable(text: string, length_max: number): string {
  return text
    .slice(0, 4 * length_max)
    .replace(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, length_max);
}
