import { describe, expect, test } from "vitest";
import { findUrlFault, isPublicAddress } from "./outbound-addresses.ts";

/** Every range with a purpose of its own, by the IANA registries for special addresses (RFC 6890 and its successors). */
const inside = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "10.255.255.255",
  "100.64.0.1",
  "100.100.100.200",
  "127.0.0.1",
  "127.255.255.254",
  "168.63.129.16",
  "169.254.169.254",
  "169.254.170.2",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.1",
  "192.0.0.192",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.1.1",
  "198.18.0.1",
  "198.19.255.255",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::7f00:1",
  "::127.0.0.1",
  "::8.8.8.8",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:10.0.0.1",
  "::ffff:8.8.8.8",
  "::ffff:0:127.0.0.1",
  "64:ff9b::127.0.0.1",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b::10.0.0.1",
  "64:ff9b:1::8.8.8.8",
  "100::1",
  "2001::1",
  "2001:20::1",
  "2001:db8::1",
  "2002:7f00:1::",
  "2002:808:808::1",
  "3fff::1",
  "5f00::1",
  "4000::1",
  "fc00::1",
  "fd00:ec2::254",
  "fe80::1",
  "fe80::1%eth0",
  "fec0::1",
  "ff02::1",
  "localhost",
  "",
  "8.8.8.8.8",
];
const outside = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8"];

describe("an address", () => {
  test.each(inside)("%s is not on the public internet", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each(outside)("%s is", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

const strict = { allowHttp: false, allowInternal: false };

describe("an address to send to", () => {
  test.each([
    ["https://example.com/hook?a=b", null],
    ["https://example.com:8443/", null],
    ["https://8.8.8.8/", null],
    ["https://[2606:4700::1111]/", null],
    ["http://example.com/", "is not an https address"],
    ["ftp://example.com/", "is not an http address"],
    ["javascript:alert(1)", "is not an http address"],
    ["example.com", "is not an http address"],
    ["https://", "is not an http address"],
    ["https://ada@example.com/", "has a user name or password in it"],
    ["https://:pw@example.com/", "has a user name or password in it"],
    ["https://example.com:25/", "names a port that belongs to another protocol"],
    ["https://example.com:0/", "names a port that belongs to another protocol"],
    ["https://localhost/", "is not an address on the public internet"],
    ["https://LOCALHOST./", "is not an address on the public internet"],
    ["https://a.localhost/", "is not an address on the public internet"],
    ["https://127.0.0.1/", "is not an address on the public internet"],
    ["https://127.0.0.1./", "is not an address on the public internet"],
    ["https://127.1/", "is not an address on the public internet"],
    ["https://2130706433/", "is not an address on the public internet"],
    ["https://0x7f000001/", "is not an address on the public internet"],
    ["https://0x7f.0.0.1/", "is not an address on the public internet"],
    ["https://0177.0.0.1/", "is not an address on the public internet"],
    ["https://１２７.0.0.1/", "is not an address on the public internet"],
    ["https://[::1]/", "is not an address on the public internet"],
    ["https://[::ffff:169.254.169.254]/", "is not an address on the public internet"],
    ["https://[64:ff9b::10.0.0.1]/", "is not an address on the public internet"],
  ])("%s: %s", (url, fault) => {
    expect(findUrlFault(url, strict)).toBe(fault);
  });

  test("may be http, or inside, where the policy says so", () => {
    expect(findUrlFault("http://example.com/", { ...strict, allowHttp: true })).toBeNull();
    expect(findUrlFault("https://127.0.0.1/", { ...strict, allowInternal: true })).toBeNull();
    expect(findUrlFault("http://127.0.0.1/", { ...strict, allowInternal: true })).toBe(
      "is not an https address",
    );
  });
});
