import { describe, expect, it } from "vitest";
import { assertReturnAddress } from "./return-addresses.ts";

const addresses = {
  console: "https://app.example.com/billing",
  returnOrigins: ["https://www.example.org", "https://shop.example.com:8443"],
};

describe("assertReturnAddress", () => {
  it.each(["https://app.example.com", "https://app.example.com/a?b=c#d", "HTTPS://APP.example.com/x"])(
    "takes %s",
    (address) => {
      expect(assertReturnAddress(address, addresses, "successUrl")).toMatch(/^https:\/\/app\.example\.com\//);
    },
  );

  it.each(["https://www.example.org/thanks", "https://shop.example.com:8443/"])(
    "takes a listed origin: %s",
    (address) => {
      expect(assertReturnAddress(address, addresses, "successUrl")).toBe(address);
      expect(() => assertReturnAddress(address, { console: addresses.console }, "successUrl")).toThrow();
    },
  );

  it.each([
    "https://example.org/",
    "https://www.example.org:8443/",
    "https://shop.example.com/",
    "javascript:alert(1)",
    "data:text/html,hello",
    "//evil.example",
    "\\\\evil.example",
    "/relative",
    "http://app.example.com/",
    "https://app.example.com.evil.example/",
    "https://app.example.com@evil.example/",
    "https://evil.example@app.example.com/",
    "https://app.example.com:8443/",
    "https://evil.example/https://app.example.com/",
    "",
  ])("refuses %j", (address) => {
    expect(() => assertReturnAddress(address, addresses, "successUrl")).toThrow("not valid");
  });
});
