import { readFileSync } from "node:fs";
import type { HttpServer } from "@headroom/platform/http";
import { createApiKey } from "@headroom/service/organization-keys";
import { type AlertBench, openAlertBench } from "@headroom/service/testing/alert-bench";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRouteTable } from "./rest/table.ts";
import { appRouter } from "./router.ts";
import { callRest, startLiveServer } from "./testing/live-server.ts";

const page = readFileSync(new URL("../../../docs/alerts.md", import.meta.url), "utf8");

let bench: AlertBench;
let server: HttpServer;
beforeAll(async () => {
  bench = await openAlertBench();
  server = await startLiveServer(bench.world.context);
});
afterAll(async () => {
  await server?.close();
  await bench?.close();
});

/** What the page elides with an ellipsis is a text that begins as it says. */
function elided(value: unknown): unknown {
  if (typeof value === "string" && value.endsWith("…")) {
    return expect.stringMatching(new RegExp(`^${value.slice(0, -1)}`));
  }
  if (Array.isArray(value)) return value.map(elided);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, elided(field)]));
}

test("the page's examples are what is sent and answered, and its event the one that is kept", async () => {
  const tenant = await bench.tenant();
  const { secret } = await createApiKey(bench.world.context, await tenant.access("keys.manage"), {
    name: "back end",
    scopes: ["usage:read", "usage:write", "organizations:write"],
  });
  const blocks = [...page.matchAll(/^```(http|json)\n(.*?)^```$/gms)];
  const statuses: number[] = [];
  let answer: unknown = null;
  let compared = 0;
  for (const [, kind, body = ""] of blocks) {
    if (kind === "http") {
      const [, method = "", path = "", sent = ""] = /^([A-Z]+) \/v1(\S+)\n\n?(.*)$/s.exec(body) ?? [];
      const input = sent === "" ? undefined : JSON.parse(sent);
      const told = await callRest(server, secret, method, path, input);
      statuses.push(told.status);
      answer = told.body;
    } else if (statuses.length === 3 && answer === null) {
      expect(await bench.tell()).toBe(1);
      const [event] = await bench.admin(
        "select payload from headroom.event where organization_id = $1 and name = 'usage.alert_fired'",
        [tenant.id],
      );
      expect(event?.payload).toEqual(elided(JSON.parse(body)));
      compared++;
    } else {
      expect(answer).toEqual(elided(JSON.parse(body)));
      answer = null;
      compared++;
    }
  }
  expect([statuses, compared]).toEqual([[201, 200, 200], 3]);
});

test("the page's calls are those of the api", () => {
  const told = [...page.matchAll(/^\| `(alerts\.\w+)` \| `([A-Z]+) (\S+)` \|/gm)].map(([, ...call]) => call);
  const calls = createRouteTable(appRouter).operations.flatMap(({ procedure, methods, paths }) =>
    procedure.startsWith("alerts.") ? [[procedure, methods[0], `/v1${paths[0]}`]] : [],
  );
  expect(told).toEqual(calls);
});
