import { readFileSync } from "node:fs";
import path from "node:path";
import { encodeId } from "@headroom/domain/ids";
import type { HttpServer } from "@headroom/platform/http";
import { createWorld, type World } from "@headroom/service/testing/world";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appRouter } from "./router.ts";
import { ask } from "./testing/asking.ts";
import { type Caller, createCallers, operatorSubject } from "./testing/callers.ts";
import { startLiveServer } from "./testing/live-server.ts";
import {
  type PermissionRow,
  type ProcedureRow,
  parsePermissions,
  proceduresOf,
  renderPermissions,
} from "./testing/permission-table.ts";
import { tenantRows } from "./testing/traces.ts";

const page = path.join(import.meta.dirname, "../../../docs/permissions.md");
const published = parsePermissions(readFileSync(page, "utf8"));

const byName = new Map(proceduresOf(appRouter).map((declared) => [declared.name, declared]));

let world: World;
let server: HttpServer;
let organizationId: string;
let callers: Caller[];
let atFirst: Record<string, string>;

beforeAll(async () => {
  world = await createWorld();
  server = await startLiveServer(world.context, { operators: [operatorSubject] });
  ({ organizationId, callers } = await createCallers(world));
  atFirst = await tenantRows(world.scratch.admin);
});
afterAll(async () => {
  await server?.close();
  await world?.close();
});

test("the published page is the code's", async () => {
  await expect(renderPermissions(appRouter)).toMatchFileSnapshot(page);
});

/** What a caller is told: a refusal for want of rights, or that the call got past them. */
type Verdict = "past" | "unauthenticated" | "forbidden" | "organization_not_found";

/** What the page promises. */
function promised({ asks }: ProcedureRow, { standing }: Caller): Verdict {
  if (asks === "public") return "past";
  if (standing.kind === "nobody") return "unauthenticated";
  if (standing.kind === "pretender") return "forbidden";
  const scope = /^platform key, (.*)$/.exec(asks)?.[1];
  if (scope !== undefined)
    return platformScopesOf(standing).some((one) => one === scope) ? "past" : "forbidden";
  if (asks === "operator") return standing.kind === "operator" ? "past" : "forbidden";
  if (asks === "signed in") return "past";
  if (asks === "user") return isPerson(standing) ? "past" : "forbidden";
  if (asks === "API key, usage:write") {
    if (standing.kind !== "key") return isKeyless(standing) ? "forbidden" : "organization_not_found";
    return standing.scopes.includes("usage:write") ? "past" : "forbidden";
  }
  if (standing.kind === "stranger") return "organization_not_found";
  if (standing.kind === "operator") return "past";
  const row = published.permissions.find(({ permission }) => permission === asks);
  if (row === undefined) throw new Error(`the page has no line for ${asks}`);
  return holds(row, standing) ? "past" : "forbidden";
}

function holds(
  row: PermissionRow,
  standing: Extract<Caller["standing"], { kind: "person" | "key" }>,
): boolean {
  if (standing.kind === "person") return row.may[standing.role];
  const isScoped = standing.scopes.some((scope) => scope === row.scope);
  const isForKeysOnly = !row.may.owner;
  return isScoped && (standing.role === null || isForKeysOnly || row.may[standing.role]);
}

function platformScopesOf(standing: Caller["standing"]): readonly string[] {
  if (standing.kind === "key") return standing.isPlatform ? standing.scopes : [];
  return standing.kind === "person" || standing.kind === "stranger" ? standing.platformScopes : [];
}

function isPerson(standing: Caller["standing"]): boolean {
  return standing.kind === "person" || (standing.kind === "stranger" && standing.isPerson);
}

/** Metering needs a key, whoever signs in; a stranger's key has one, for another organization. */
function isKeyless(standing: Caller["standing"]): boolean {
  return standing.kind !== "stranger" || standing.isPerson;
}

const unknownField = "__unknown";
const refusals: readonly string[] = [
  "unauthenticated",
  "forbidden",
  "organization_not_found",
] satisfies Verdict[];

const nothing = "01983a69-8b13-7f9a-8b1c-2d3e4f5a6b13";

/** What metering is asked that takes no units. */
const metered: Readonly<Record<string, object>> = {
  "usage.commit": { reservationId: encodeId("res", nothing) },
  "usage.release": { reservationId: encodeId("res", nothing) },
  "usage.void": { eventId: encodeId("evt", nothing) },
};

/**
 * Asks with an input that nobody gets through: callers are judged before the input, so whoever has the right is told
 * about the unknown field, and nothing changes. Metering judges both in one statement, so there the input is real.
 */
async function verdictOf({ procedure }: ProcedureRow, caller: Caller): Promise<Verdict> {
  const declared = byName.get(procedure);
  if (declared === undefined) throw new Error(`${procedure} is on the page only`);
  const organization = encodeId("org", organizationId);
  const isMetering = declared.meta.permission === "usage:write";
  const input = isMetering
    ? { organizationId: organization, ...(metered[procedure] ?? { quantity: 1, meter: "pages" }) }
    : { organizationId: organization, [unknownField]: 1 };
  const { body } = await ask(server.url, declared, caller.headers, input);
  const answer = JSON.parse(body) as { error?: { data: { reason: string; details: unknown } } };
  const reason = answer.error?.data.reason ?? "past";
  if (refusals.includes(reason)) return reason as Verdict;
  if (!isMetering && !JSON.stringify(answer.error?.data.details ?? "").includes(unknownField)) {
    throw new Error(`${procedure} as ${caller.name}: ${body}`);
  }
  return "past";
}

describe("every procedure answers every kind of caller as published", () => {
  test("the page has each procedure once, and no other", () => {
    expect(published.procedures.map(({ procedure }) => procedure).sort()).toEqual([...byName.keys()].sort());
  });

  const asksAs = async (row: ProcedureRow) => {
    const cells = await Promise.all(
      callers.map(async (caller) => [caller.name, await verdictOf(row, caller)] as const),
    );
    expect(Object.fromEntries(cells)).toEqual(
      Object.fromEntries(callers.map((caller) => [caller.name, promised(row, caller)])),
    );
  };
  const isMetering = ({ asks }: ProcedureRow) => asks === "API key, usage:write";

  test.each(published.procedures.filter((row) => !isMetering(row)))("$procedure", asksAs);

  test("none of that left a trace", async () => {
    expect(await tenantRows(world.scratch.admin)).toEqual(atFirst);
  });

  test.each(published.procedures.filter(isMetering))("$procedure", asksAs);
});
