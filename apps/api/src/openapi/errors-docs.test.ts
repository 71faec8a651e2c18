import path from "node:path";
import { errorReference } from "@headroom/domain/error-reference";
import { type ErrorCode, errorCodes, statusOf, trpcCodeOf } from "@headroom/domain/errors";
import { expect, test } from "vitest";
import { allToWire } from "../rest/names.ts";
import { spellText } from "./schemas.ts";

const page = path.join(import.meta.dirname, "../../../../docs/errors.md");
const codes = Object.keys(errorCodes) as ErrorCode[];

function renderErrors(): string {
  return [
    "# Errors",
    "",
    "Programs decide by `code`; `detail` is for people and may change. The operations of the reference (`/openapi.json`)",
    "name the codes that each can answer, with an example.",
    "",
    "REST answers RFC 9457 problems, as `application/problem+json`:",
    "",
    "```json",
    JSON.stringify(
      {
        type: "urn:headroom:error:seat_limit_reached",
        title: "Payment Required",
        status: statusOf(errorCodes.seat_limit_reached),
        detail: errorReference.seat_limit_reached.message,
        code: "seat_limit_reached",
        details: allToWire(errorReference.seat_limit_reached.details),
        request_id: "01983a68-7f11-7d8b-9c9e-0f1a2b3c4d11",
      },
      null,
      2,
    ),
    "```",
    "",
    "tRPC has the code in `error.data.reason`, the status in `error.data.httpStatus`, and the same `details` in camelCase;",
    "`error.data.code` is tRPC's own nearest word. `usage.consume`, `usage.reserve` and `usage.commit` over tRPC answer",
    "`allowed: false` with the reason instead of `daily_limit` and `hard_cap`.",
    "",
    "| status | code | when | `details` | tRPC |",
    "|---|---|---|---|---|",
    ...codes
      .toSorted((one, other) => statusOf(errorCodes[one]) - statusOf(errorCodes[other]))
      .map(renderLine),
    "",
    "`details` has those of the names that apply: a `forbidden` of a key that lacks no permission names none.",
    "Where it has `retry_after_seconds`, the header `Retry-After` says the same. `rate_limited` comes with the",
    "headers `RateLimit-Policy` and `RateLimit`.",
    "",
  ].join("\n");
}

function renderLine(code: ErrorCode): string {
  const { when, details } = errorReference[code];
  const names = Object.keys(allToWire(details) as object).map((name) => `\`${name}\``);
  const cells = [
    statusOf(errorCodes[code]),
    `\`${code}\``,
    spellText(when),
    names.join(", "),
    `\`${trpcCodeOf(errorCodes[code])}\``,
  ];
  return `| ${cells.join(" | ")} |`;
}

test("the published page is the code's", async () => {
  await expect(renderErrors()).toMatchFileSnapshot(page);
});

test.each(codes)("%s is explained in one sentence", (code) => {
  expect(errorReference[code].when).toMatch(/^[A-Z][^.]*(`[^`]*`[^.]*)*\.$/);
  expect(errorReference[code].message).toMatch(/^[A-Z].*\.$/);
});
