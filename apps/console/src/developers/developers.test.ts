import { expect, test } from "vitest";
import { callOf, matching } from "./sent.ts";
import { snippetNames, snippetOf } from "./snippets.ts";

const request = (requestId: string, path: string, status: number) => ({
  requestId,
  path,
  status,
  ms: 1,
  at: new Date(0),
});

test("a batch is the procedures in it", () => {
  expect(callOf("/trpc/me.get,members.list")).toBe("me.get, members.list");
  expect(callOf("/v1/me")).toBe("/v1/me");
});

test("requests are found by id, call and status", () => {
  const requests = [request("0198-AB", "/trpc/me.get", 200), request("0198-cd", "/trpc/members.list", 403)];
  const found = (text: string) => matching(requests, text).map(({ requestId }) => requestId);
  expect(found("")).toHaveLength(2);
  expect(found(" 0198-ab ")).toEqual(["0198-AB"]);
  expect(found("Members")).toEqual(["0198-cd"]);
  expect(found("403")).toEqual(["0198-cd"]);
  expect(found("500")).toEqual([]);
});

test("snippets speak of this organization on this server", () => {
  const facts = { url: "https://headroom.example", organizationId: "org_1" };
  for (const name of snippetNames.filter((one) => one !== "webhook")) {
    expect(snippetOf(name, facts)).toContain(facts.url);
    expect(snippetOf(name, facts)).toContain(facts.organizationId);
  }
});
