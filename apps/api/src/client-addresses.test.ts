import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressKey, clientKey } from "./client-addresses.ts";

const key = (remoteAddress: string | undefined, forwarded?: string, hops = 0) =>
  clientKey(
    { headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded }, socket: { remoteAddress } },
    hops,
  );

describe("an address", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:cb00:7107", "203.0.113.7"],
    ["0:0:0:0:0:ffff:203.0.113.7", "203.0.113.7"],
    ["203.0.113.7:41234", "203.0.113.7"],
    ["2001:db8:0:1::1", "2001:db8:0:1::/64"],
    ["2001:DB8:0:1:FFFF:1:2:3", "2001:db8:0:1::/64"],
    ["2001:0db8:0000:0001:0000:0000:0000:0009", "2001:db8:0:1::/64"],
    ["[2001:db8:0:1::1]:443", "2001:db8:0:1::/64"],
    ["[2001:db8:0:1::1]", "2001:db8:0:1::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    [" 203.0.113.7 ", "203.0.113.7"],
  ])("%s is counted as %s", (text, expected) => {
    expect(addressKey(text)).toBe(expected);
  });

  test.each([
    "",
    "unknown",
    "_hidden",
    "0x7f.1",
    "127.1",
    "010.0.0.1",
    "1.2.3.4.5",
    "2001:db8::1::2",
    "example.com",
  ])("%j is none", (text) => {
    expect(addressKey(text)).toBeNull();
  });

  test("has one key however it is spelled, and another in another /64", () => {
    const part = fc.integer({ min: 0, max: 0xffff });
    const spell = (parts: readonly number[], pad: boolean, upper: boolean) => {
      const text = parts.map((one) => one.toString(16).padStart(pad ? 4 : 1, "0")).join(":");
      return upper ? text.toUpperCase() : text;
    };
    const address = fc.tuple(part, part, part, part, part, part, part, part);
    fc.assert(
      fc.property(address, address, fc.boolean(), fc.boolean(), (one, other, pad, upper) => {
        const network = one.slice(0, 4);
        fc.pre(network.some((item) => item !== 0));
        const sibling = [...network, ...other.slice(4)];
        expect(addressKey(spell(one, false, false))).toBe(addressKey(spell(sibling, pad, upper)));
        const [first = 0, ...rest] = one;
        expect(addressKey(spell([first ^ 1, ...rest], pad, upper))).not.toBe(
          addressKey(spell(one, false, false)),
        );
      }),
    );
  });
});

describe("the client", () => {
  test("is who connected, whatever the header claims, without a trusted proxy", () => {
    expect(key("203.0.113.7")).toBe("203.0.113.7");
    expect(key("203.0.113.7", "198.51.100.1")).toBe("203.0.113.7");
    expect(key("::ffff:203.0.113.7", "198.51.100.1, 198.51.100.2")).toBe("203.0.113.7");
  });

  test("is what the last trusted proxy wrote; what stands further left is the caller's own word", () => {
    expect(key("10.0.0.1", "198.51.100.9", 1)).toBe("198.51.100.9");
    expect(key("10.0.0.1", "1.2.3.4, 198.51.100.9", 1)).toBe("198.51.100.9");
    expect(key("10.0.0.1", "1.2.3.4, 198.51.100.9, 10.0.0.2", 2)).toBe("198.51.100.9");
    expect(key("10.0.0.1", undefined, 1)).toBe("10.0.0.1");
    expect(key("10.0.0.1", "198.51.100.9", 3)).toBe("198.51.100.9");
  });

  test("is the nearest proxy where that wrote no address, and nobody in particular without any", () => {
    expect(key("10.0.0.1", "1.2.3.4, unknown", 1)).toBe("10.0.0.1");
    expect(key("10.0.0.1", "1.2.3.4,", 1)).toBe("10.0.0.1");
    expect(key(undefined)).toBe("unknown");
  });

  test("cannot choose its key: whatever it sends, the trusted hop decides", () => {
    fc.assert(
      fc.property(fc.string(), (claim) => {
        expect(key("203.0.113.7", claim)).toBe("203.0.113.7");
        expect(key("10.0.0.1", `${claim}, 198.51.100.9`, 1)).toBe("198.51.100.9");
      }),
    );
  });
});
