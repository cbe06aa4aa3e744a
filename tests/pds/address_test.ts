/** Addresses in a DID document that must not get requests from us. */

import assert from "node:assert/strict";
import { get } from "../../lib/pds/get.ts";
import { SourceError } from "../../lib/pds/source_error.ts";
import { isPrivateAddress } from "../../lib/pds/private_address.ts";

Deno.test("each reserved range is private, from its first address to its last", () => {
  const ranges = [
    ["0.0.0.0", "0.255.255.255"],
    ["10.0.0.0", "10.255.255.255"],
    ["100.64.0.0", "100.127.255.255"],
    ["127.0.0.0", "127.255.255.255"],
    ["169.254.0.0", "169.254.255.255"],
    ["172.16.0.0", "172.31.255.255"],
    ["192.0.0.0", "192.0.0.255"],
    ["192.0.2.0", "192.0.2.255"],
    ["192.168.0.0", "192.168.255.255"],
    ["198.18.0.0", "198.19.255.255"],
    ["198.51.100.0", "198.51.100.255"],
    ["203.0.113.0", "203.0.113.255"],
    ["224.0.0.0", "255.255.255.255"],
    ["::", "1fff::"],
    ["4000::", "7fff::"],
    ["8000::", "ffff::"],
    ["fc00::1", "fe80::1"],
    ["2001::", "2001:0:ffff::"],
    ["2001:db8::", "2001:db8:ffff::"],
    ["2002::", "2002:ffff::"],
    ["::1", "::ffff:10.0.0.1"],
  ].flat();
  for (const address of ranges) assert.ok(isPrivateAddress(address), address);
});

Deno.test("the addresses next to reserved ranges are public", () => {
  const addresses =
    "1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 " +
    "169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 " +
    "198.17.255.255 198.20.0.0 198.51.101.0 203.0.114.0 223.255.255.255 2000::1 2001:1:: 2001:db9:: " +
    "2003:: 2a01:4f8::1 3fff::1";
  for (const address of addresses.split(" ")) assert.ok(!isPrivateAddress(address), address);
});

Deno.test("text that is no address counts as private", () => {
  for (const text of ["", "localhost", "1.2.3", "01.2.3.4", "2130706433"]) {
    assert.ok(isPrivateAddress(text), text);
  }
});

Deno.test("a name that resolves to this machine is rejected like its address", async () => {
  const options = {
    allowPrivate: false,
    maxBytes: 1,
    timeoutMs: 10_000,
    signal: new AbortController().signal,
  };
  for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
    await assert.rejects(
      get(new URL(`https://${host}:9/`), options),
      (error) => error instanceof SourceError && error.failure === "refused",
      host,
    );
  }
});
