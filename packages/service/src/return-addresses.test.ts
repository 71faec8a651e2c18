import { describe, expect, it } from "vitest";
import { assertReturnAddress } from "./return-addresses.ts";

const console = "https://app.example.com/billing";

describe("assertReturnAddress", () => {
  it.each(["https://app.example.com", "https://app.example.com/a?b=c#d", "HTTPS://APP.example.com/x"])(
    "takes %s",
    (address) => {
      expect(assertReturnAddress(address, console, "successUrl")).toMatch(/^https:\/\/app\.example\.com\//);
    },
  );

  it.each([
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
    expect(() => assertReturnAddress(address, console, "successUrl")).toThrow("not valid");
  });
});
