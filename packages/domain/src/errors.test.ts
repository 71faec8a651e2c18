import { expect, test } from "vitest";
import { DomainError, errorCodes, statusOf, trpcCodeOf } from "./errors.ts";

test("every code has a kind with a status and a tRPC code", () => {
  for (const kind of Object.values(errorCodes)) {
    expect(statusOf(kind)).toBeGreaterThanOrEqual(400);
    expect(trpcCodeOf(kind)).toMatch(/^[A-Z_]+$/);
  }
});

test("an error carries its code, kind and details", () => {
  const error = new DomainError("invite_expired", "This invite has expired.", { expiredAt: "2026-11-01" });
  expect(error).toMatchObject({ code: "invite_expired", kind: "gone", details: { expiredAt: "2026-11-01" } });
  expect(statusOf(error.kind)).toBe(410);
});
