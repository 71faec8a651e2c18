import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/**
 * Whom a request is counted for when nobody has signed in: the client's address in one spelling. An IPv4 address as it
 * is, also where it is written as an IPv6 one; of IPv6 the /64, because one line has all of it.
 * @param trustedHops how many proxies in front of us append to `X-Forwarded-For`; what stands further left is the
 *   caller's own word. 0: the header is not read.
 */
export function clientKey(
  { headers, socket }: Pick<IncomingMessage, "headers"> & { socket: { remoteAddress?: string | undefined } },
  trustedHops: number,
): string {
  const header = headers["x-forwarded-for"];
  const forwarded = header === undefined ? [] : String(header).split(",");
  const trusted = trustedHops === 0 ? [] : forwarded.slice(-trustedHops);
  // The leftmost that a trusted proxy wrote; one that is no address gives way to the proxy that wrote it.
  const keys = [...trusted, socket.remoteAddress ?? ""].map(addressKey);
  return keys.find((key) => key !== null) ?? "unknown";
}

/** One spelling for all of an address; null when the text is none. A port, brackets and a zone are dropped. */
export function addressKey(text: string): string | null {
  const bare = text.trim().replace(/^\[([^\]]*)\](:\d+)?$/, "$1");
  const address = (isIP(bare) === 0 ? bare.replace(/:\d+$/, "") : bare).replace(/%.*$/, "");
  if (isIP(address) === 0) return null;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const network = parsed.parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(":")}::/64`;
}
