import { readFileSync } from "node:fs";
import path from "node:path";
import {
  defaultRateLimits,
  type RateLimit,
  type RateLimitName,
  type RateLimitState,
  rateLimited,
} from "@headroom/domain/rate-limits";
import { parseConfiguration } from "@headroom/service/configuration";
import { expect, test } from "vitest";
import { limitHeaders, stateHeaders } from "./limit-headers.ts";

const docs = readFileSync(path.join(import.meta.dirname, "../../../docs/rate-limits.md"), "utf8");
const examples = (language: string) =>
  [...docs.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, code = ""]) =>
    code.trim(),
  );
const lines = (headers: Record<string, string>) =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
const shown = (text: string | undefined) =>
  text?.split("\n").map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()));
const state = (name: RateLimitName, remaining: number, resetSeconds: number): RateLimitState => ({
  ...defaultRateLimits[name],
  name,
  remaining,
  resetSeconds,
});

test("the table in the docs is the one in the code", () => {
  const rows = [...docs.matchAll(/^\| `(\w+)` \|.*\| (\d+) \| (\d+) \|$/gm)].map(
    ([, name, points, seconds]) => [name, { points: Number(points), windowSeconds: Number(seconds) }],
  );
  expect(Object.fromEntries(rows)).toEqual(defaultRateLimits);
});

test("the headers in the docs are those that are sent", () => {
  const [refusal, answer] = examples("http");
  expect(shown(refusal)).toEqual(lines(limitHeaders(rateLimited(state("failedAuthentications", 0, 120)))));
  expect(shown(answer)).toEqual(
    lines(stateHeaders([state("invitesByActor", 99, 3600), state("invitesByOrganization", 299, 86_400)])),
  );
});

test("the configuration in the docs is taken, and what it leaves out keeps its default", () => {
  const [, field = ""] = /^rateLimits: (.*),$/.exec(examples("ts")[0] ?? "") ?? [];
  const json = field.replace(/(\w+):/g, '"$1":');
  const rateLimits = JSON.parse(json) as Record<string, RateLimit>;
  const plan = {
    displayName: "Free",
    default: true,
    seats: { kind: "licensed", included: 1 },
    meters: { pages: {} },
  };
  const configuration = {
    meters: { pages: { displayName: "Pages" } },
    defaultMeter: "pages",
    plans: { free: plan },
  };
  expect(parseConfiguration({ ...configuration, rateLimits }).rateLimits).toEqual({
    ...defaultRateLimits,
    invitesByActor: { points: 500, windowSeconds: 3600 },
  });
  const none = { invitesByActor: { points: 0, windowSeconds: 60 } };
  expect(() => parseConfiguration({ ...configuration, rateLimits: none })).toThrow(
    "rateLimits.invitesByActor.points",
  );
});
