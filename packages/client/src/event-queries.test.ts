import { appRouter } from "@headroom/api/router";
import { eventNames } from "@headroom/domain/events";
import { expect, test } from "vitest";
import { queriesTouched, queriesTouchedBy } from "./event-queries.ts";

/** Queries that no event touches, and why. */
const untouched: Record<string, string> = {
  "operator.billingHealth": "operators follow no organization's events",
  "operator.organization": "operators follow no organization's events",
  "operator.organizations": "operators follow no organization's events",
  "plans.list": "the catalogue belongs to no organization",
  "users.get": "platform keys ask for it, about people",
  "usage.reservations": "holds are neither audited nor told",
};

const queries = Object.entries(
  appRouter._def.procedures as unknown as Record<string, { _def: { type: string } }>,
)
  .filter(([, { _def }]) => _def.type === "query")
  .map(([path]) => path);

test("each query is touched by some event, or is named with the reason why it is not", () => {
  expect([...queriesTouched, ...Object.keys(untouched)].sort()).toEqual(queries.sort());
});

test.each(eventNames)("%s touches what is listed under its noun", (name) => {
  const touched = queriesTouchedBy(name);
  expect(new Set(touched).size).toBe(touched.length);
  expect(touched).toEqual(expect.arrayContaining(["events.list", "webhooks.deliveries"]));
  const noun = name.split(/[._]/)[0];
  const areas = { api: "apiKeys", organization: "organizations", max: "usage" } as Record<string, string>;
  const area = areas[noun ?? ""] ?? queries.find((path) => path.startsWith(`${noun}`))?.split(".")[0];
  expect(touched.some((path) => path.startsWith(`${area}.`))).toBe(true);
});

test("a name of a newer server touches the lists of events, and so does that of a property of every object", () => {
  for (const name of ["member.renamed", "constructor"]) {
    expect(queriesTouchedBy(name)).toEqual(["events.list", "webhooks.deliveries"]);
  }
});
