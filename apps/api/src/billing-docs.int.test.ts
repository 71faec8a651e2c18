import { readFileSync } from "node:fs";
import { decodeId } from "@headroom/domain/ids";
import type { HttpServer } from "@headroom/platform/http";
import { uuidv7 } from "@headroom/platform/uuid";
import { deliver } from "@headroom/service/testing/plan-ladder";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRouteTable } from "./rest/table.ts";
import { appRouter } from "./router.ts";
import { callRest, startLiveServer } from "./testing/live-server.ts";

const page = readFileSync(new URL("../../../docs/billing.md", import.meta.url), "utf8");

let bench: StripeBench;
let server: HttpServer;
beforeAll(async () => {
  bench = await createStripeBench();
  server = await startLiveServer(bench.api);
});
afterAll(async () => {
  await server?.close();
  await bench?.close();
});

/** What the page elides is a text that begins as it says; alone, anything. */
function elided(value: unknown): unknown {
  if (value === "…") return expect.anything();
  if (typeof value === "string" && value.endsWith("…")) {
    return expect.stringMatching(new RegExp(`^${value.slice(0, -1)}`));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, elided(field)]));
}

test("the page's examples are what is sent and answered, in their order", async () => {
  const owner = uuidv7();
  const made = await callRest(server, owner, "POST", "/organizations", { name: "Acme" });
  const id = decodeId("org", String((made.body as { id: string }).id)) ?? "";
  const blocks = [...page.matchAll(/^```(http|json)\n(.*?)^```$/gms)];
  let answer: unknown = null;
  const statuses: number[] = [];
  for (const [, kind, body = ""] of blocks) {
    if (kind === "json") {
      expect(answer).toEqual(elided(JSON.parse(body)));
      const { checkout_url: checkoutUrl } = answer as { checkout_url?: string };
      if (checkoutUrl !== undefined) {
        await bench.pay(checkoutUrl);
        await deliver(bench, id);
      }
      continue;
    }
    const [, method = "", path = "", sent = ""] = /^([A-Z]+) \/v1(\S+)\n\n?(.*)$/s.exec(body) ?? [];
    const told = await callRest(server, owner, method, path, JSON.parse(sent));
    statuses.push(told.status);
    answer = told.body;
  }
  expect(statuses).toEqual([200, 200, 200, 200, 200]);
  expect(blocks).toHaveLength(10);
});

test("the page's calls are those of the api", () => {
  const told = [...page.matchAll(/^\| `(billing\.\w+)` \| `([A-Z]+) (\S+)` \|/gm)].map(([, ...call]) => call);
  const calls = createRouteTable(appRouter).operations.flatMap(({ procedure, methods, paths }) =>
    procedure.startsWith("billing.") ? [[procedure, methods[0], `/v1${paths[0]}`]] : [],
  );
  expect(told.toSorted()).toEqual(calls.toSorted());
});
