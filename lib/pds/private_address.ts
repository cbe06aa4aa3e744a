/**
 * Addresses that no public server has. A DID document can name any host, so without this check anybody could
 * make us send requests into our own network.
 */

import { BlockList, isIP } from "node:net";

const PRIVATE = new BlockList();
for (
  const [address, prefix] of [
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 3],
  ] as const
) PRIVATE.addSubnet(address, prefix, "ipv4");
for (
  const [address, prefix] of [
    // Only global unicast (2000::/3) is public, and not all of it.
    ["::", 3],
    ["4000::", 2],
    ["8000::", 1],
    ["2001:db8::", 32],
    // Tunnels to IPv4 addresses.
    ["2001::", 32],
    ["2002::", 16],
  ] as const
) PRIVATE.addSubnet(address, prefix, "ipv6");

/** Whether an IP address, as text, can't belong to a public server. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  return family === 0 || PRIVATE.check(address, family === 6 ? "ipv6" : "ipv4");
}
