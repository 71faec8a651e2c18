import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";

/** Where we may send to when somebody else says where. */
export interface OutboundPolicy {
  /** http as well as https, for development. */
  allowHttp: boolean;
  /** Loopback, private networks and so on as well, for development. */
  allowInternal: boolean;
}

// Public by its range, but inside a machine on Azure: its platform's channel.
const insideAll = new Set(["168.63.129.16"]);
const globalUnicast = ipaddr.IPv6.parse("2000::");
const translated = ipaddr.IPv6.parse("64:ff9b::");
/** Ports of protocols that a request could be mistaken for a message of. */
const refusedPorts = new Set(["0", "22", "23", "25", "53", "110", "143", "465", "587", "993", "995"]);

/**
 * True for an address on the public internet. False for everything with a purpose of its own: loopback, private,
 * link-local (with the clouds' metadata), CGNAT, multicast, reserved, documentation, tunnels, and IPv4 inside IPv6;
 * of these NAT64 (64:ff9b::/96) counts as the address inside, since networks without IPv4 reach all of it so.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text) || insideAll.has(text)) {
    return false;
  }
  const address = ipaddr.parse(text);
  if (address.kind() === "ipv4") {
    return address.range() === "unicast";
  }
  const six = address as ipaddr.IPv6;
  if (six.match(translated, 96)) {
    return isPublicAddress(six.toByteArray().slice(12).join("."));
  }
  return six.range() === "unicast" && six.match(globalUnicast, 3);
}

/** What is wrong with an address to send to, or null. Names are not resolved here: that is checked when it connects. */
export function findUrlFault(text: string, policy: OutboundPolicy): string | null {
  const url = URL.parse(text);
  if (url === null || !["https:", "http:"].includes(url.protocol)) {
    return "is not an http address";
  }
  if (url.protocol === "http:" && !policy.allowHttp) {
    return "is not an https address";
  }
  if (url.username !== "" || url.password !== "") {
    return "has a user name or password in it";
  }
  if (refusedPorts.has(url.port)) {
    return "names a port that belongs to another protocol";
  }
  return policy.allowInternal || !isInternalName(url.hostname)
    ? null
    : "is not an address on the public internet";
}

/** True for an inside address in the place of a name, however it was spelled: URL has normalised it. */
function isInternalName(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$|\.$/g, "");
  return ipaddr.isValid(name) ? !isPublicAddress(name) : /(^|\.)localhost$/.test(name);
}

export interface Address {
  address: string;
  family: number;
}

/** The addresses of a name. */
export type Resolve = (hostname: string) => Promise<Address[]>;

/** As the system resolves it. */
export const resolveBySystem: Resolve = (hostname) => lookup(hostname, { all: true });
