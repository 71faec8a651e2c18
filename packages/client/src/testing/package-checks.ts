import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { importsOf } from "../../build/declarations.ts";
import type { Customer } from "./customer.ts";

const packageDirectory = path.resolve(import.meta.dirname, "../..");
const compiler = path.join(
  path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin/tsc",
);

let customer: Customer;

const filesOf = (pattern: RegExp) => readdirSync(customer.installed).filter((file) => pattern.test(file));
const readInstalled = (file: string) => readFileSync(path.join(customer.installed, file), "utf8");

/**
 * The compiler's complaints about a consumer outside the workspace, declarations included. What the declarations of
 * others lack (tRPC's name the types of node and ws for adapters that nobody here uses) is not ours.
 */
async function compile(source: string, more: object = {}): Promise<string> {
  mkdirSync(path.join(customer.directory, "src"), { recursive: true });
  writeFileSync(path.join(customer.directory, "src/consumer.ts"), source);
  const compilerOptions = {
    target: "es2024",
    lib: ["es2024", "dom", "esnext.disposable"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: [],
    ...more,
  };
  const project = path.join(customer.directory, "tsconfig.json");
  writeFileSync(project, JSON.stringify({ compilerOptions, include: ["src"] }));
  try {
    await customer.node([compiler, "-p", "."]);
    return "";
  } catch (error) {
    const lines = String((error as { stdout?: unknown }).stdout).split("\n");
    const foreign = /^(node_modules\/@trpc\/|\.\.\/)/;
    return lines.filter((line) => /error TS/.test(line) && !foreign.test(line)).join("\n");
  }
}

/** What the package promises those who install it. */
export function checkPackage(customerOf: () => Customer): void {
  beforeAll(() => {
    customer = customerOf();
  });

  test.each([
    ["Node's resolution", {}],
    ["a bundler's resolution", { module: "esnext", moduleResolution: "bundler" }],
  ])("compiles in a strict consumer with %s, and its types are the API's", async (_name, resolution) => {
    const complaints = await compile(
      `
      import { createHeadroomClient, createMeter, type HeadroomErrorCode, isHeadroomError, isMeterError } from "@headroom/client";
      import { createHeadroomContext, createHeadroomQueries, invalidateOnEvents, type QueryPath, retryUnlessRefused } from "@headroom/client/react-query";
      import { QueryClient } from "@tanstack/react-query";
      const client = createHeadroomClient({ url: "https://headroom.example.com", token: async () => "token" });
      export async function email(): Promise<string | null> {
        const me = await client.me.get.query();
        return me.kind === "user" ? me.user.email : null;
      }
      client.events.subscribe.subscribe({ organizationId: "current", after: 7 }, {
        onData({ data }) {
          const name: string = data.name;
          if (data.name === "member.role_changed") {
            const role: "owner" | "admin" | "member" = data.payload.to;
            console.log(name, role, data.seq);
          }
          // @ts-expect-error: this event has no role
          if (data.name === "member.removed") console.log(data.payload.to);
        },
      });
      const meter = createMeter(createHeadroomClient({ url: "https://headroom.example.com", apiKey: "hr_live_" }), {
        onUnavailable: ({ input }) => input.quantity < 10,
      });
      export async function crawl(): Promise<string | null> {
        const taken = await meter.consume({ organizationId: "org_", meter: "pages", quantity: 1 });
        if (taken.source === "fallback") return taken.idempotencyKey;
        return taken.allowed ? null : taken.windows.day.resetsAt;
      }
      export async function index(): Promise<string> {
        await using own = createMeter(client, { recordAllowed: true, exit: { signals: ["SIGTERM"] } });
        const room = await own.check({ quantity: 3 }, { onUnavailable: ({ input }) => input.quantity === 3 });
        const { status } = await own.record({ quantity: 1, properties: { route: "/" }, occurredAt: "2026-01-01T00:00:00Z" });
        const same: "recorded" | "duplicate" = status;
        const outcome = await own.withReservation({ quantity: 9, ttlSeconds: 60 }, async () => 4);
        if (!outcome.allowed) return outcome.reservation.idempotencyKey;
        const { commit } = outcome;
        return commit?.source === "live" ? String(commit.acceptedQuantity) : room.source + same;
      }
      export function keyOf(error: unknown): string | null {
        return isMeterError(error, "buffer_full") ? (error.event?.idempotencyKey ?? null) : null;
      }
      export function limitOf(error: unknown): HeadroomErrorCode | null {
        if (isHeadroomError(error, "seat_limit_reached", "hard_cap")) {
          const reason: "seat_limit_reached" | "hard_cap" = error.data.reason;
          return reason;
        }
        return null;
      }
      export function roomIn(error: unknown): number | null | string {
        if (!isHeadroomError(error)) return null;
        switch (error.data.reason) {
          case "seat_limit_reached": {
            const plans: readonly { planId: string; displayName: string }[] = error.data.details.upgradePlans;
            const { limit, members, pending, used, available } = error.data.details;
            // @ts-expect-error: null is no limit
            const seats: number = limit;
            return plans.length + members + pending + used + (available ?? 0) + seats;
          }
          case "daily_limit":
            return error.data.details.windows.day.resetsAt;
          case "validation_failed":
            return error.data.details.issues.map(({ path, message }) => path + message).join();
          case "slug_taken": {
            // @ts-expect-error: nobody promises its type
            const slug: string = error.data.details.slug;
            return slug;
          }
          default:
            return null;
        }
      }
      const queryClient = new QueryClient({ defaultOptions: { queries: { retry: retryUnlessRefused } } });
      const queries = createHeadroomQueries(client, queryClient);
      export async function seats(): Promise<number | null> {
        const page = await queryClient.fetchQuery(queries.members.list.queryOptions({ organizationId: "current" }));
        return page.seats.available;
      }
      const { useTRPC } = createHeadroomContext();
      export const useInvites = () => useTRPC().invites.list.queryOptions({ organizationId: "current" });
      export const path: QueryPath = "members.list";
      // @ts-expect-error: a mutation
      export const mutation: QueryPath = "members.remove";
      export const stop: () => void = invalidateOnEvents(queryClient, client, "current", {
        onEvent: (event) => console.log(event.name === "member.left" ? event.payload.userId : event.seq),
      });
    `,
      resolution,
    );
    expect(complaints).toBe("");
  });

  test("refuses what the API does not have, at compile time", async () => {
    const mistakes = [
      "client.me.nothing.query()",
      "client.me.get.mutate()",
      'client.usage.consume.mutate({ quantity: "1" })',
      "client.usage.consume.mutate({ quantity: 1, actorId: 1 })",
      "client.me.get.query().then((me) => me.password)",
      'isHeadroomError(null, "seat_limit")',
      'createHeadroomClient({ url: "", token: "a", apiKey: "b" })',
      'createHeadroomClient({ url: "", token: "a", onBehalfOf: "usr_" })',
    ];
    const imports = 'import { createHeadroomClient, isHeadroomError } from "@headroom/client";';
    const setup = 'const client = createHeadroomClient({ url: "" }); export const results: unknown[] = [];';
    const pushed = mistakes.map((mistake) => `results.push(${mistake});`);
    const complaints = await compile(
      [imports, setup, "results.push(client.me.get.query());", ...pushed].join("\n"),
    );
    const lines = [...complaints.matchAll(/^src\/consumer\.ts\((\d+),/gm)].map(([, line]) => Number(line));
    expect([...new Set(lines)]).toEqual(mistakes.map((_, index) => index + 4));
  });

  test("runs without anything of the server", async () => {
    const script = `
      for (const name of ["@headroom/client", "@headroom/client/react-query"])
        console.log(Object.keys(await import(name)).sort().join());
    `;
    expect((await customer.node(["--input-type=module", "-e", script])).trim().split("\n")).toEqual([
      "createHeadroomClient,createMeter,isHeadroomError,isMeterError",
      "createHeadroomContext,createHeadroomQueries,invalidateOnEvents,retryUnlessRefused",
    ]);
  });

  test("imports its peers and itself alone, the main entry none but tRPC's", () => {
    const files = filesOf(/\.(js|d\.ts)$/);
    expect(files.length).toBeGreaterThan(8);
    const imports = new Set(files.flatMap((file) => [...importsOf(readInstalled(file))]));
    const { peerDependencies } = JSON.parse(readInstalled("package.json"));
    const packages = [...imports].filter((name) => !name.startsWith("./"));
    const known = Object.keys(peerDependencies);
    const isOfPeer = (name: string) => known.some((peer) => name === peer || name.startsWith(`${peer}/`));
    expect(packages.filter((name) => !isOfPeer(name))).toEqual([]);
    const reached = new Set(["index.js"]);
    for (const file of reached) {
      for (const name of importsOf(readInstalled(file))) {
        if (name.startsWith("./")) reached.add(name.slice(2));
        else expect([file, name]).toEqual([file, expect.stringMatching(/^@trpc\/(client|server)(\/|$)/)]);
      }
    }
  });

  test("has what its manifest promises, and nothing that is not for customers", () => {
    const manifest = JSON.parse(readInstalled("package.json"));
    expect(manifest).toMatchObject({
      name: "@headroom/client",
      license: "Apache-2.0",
      type: "module",
      sideEffects: false,
      engines: { node: ">=20" },
      repository: { type: "git", directory: "packages/client" },
    });
    for (const absent of ["private", "scripts", "dependencies", "devDependencies"]) {
      expect(manifest).not.toHaveProperty(absent);
    }
    const optional = Object.keys(manifest.peerDependenciesMeta);
    expect(Object.keys(manifest.peerDependencies)).toEqual(expect.arrayContaining(optional));
    const published = customer.published();
    const promised = Object.values<string | Record<string, string>>(manifest.exports).flatMap((target) =>
      typeof target === "string" ? [target] : Object.values(target),
    );
    expect(promised.length).toBe(5);
    for (const file of promised) expect(published).toContain(file.replace("./", ""));
    // Types come first: a condition that is met ends the search.
    expect(Object.keys(manifest.exports["."])).toEqual(["types", "default"]);
    const documents = published.filter((file) => !/^[a-z-]+\.(js|d\.ts)$/.test(file));
    expect(documents).toEqual(["LICENSE", "README.md", "package.json"]);
    for (const file of filesOf(/\.d\.ts$/)) {
      expect(existsSync(path.join(customer.installed, file.replace(/d\.ts$/, "js")))).toBe(true);
    }
  });

  test("names no table, no library and no package of the server", () => {
    const schema = readFileSync(path.resolve(packageDirectory, "../db/src/schema.ts"), "utf8");
    const body = /export interface DB \{([^}]*)\}/.exec(schema)?.[1] ?? "";
    const words = [...body.matchAll(/^\s+"?(\w+)"?:/gm)].map(([, table = ""]) => table);
    // One-word names are English, and two are also what the API calls a kind of caller and a limit.
    const spoken = ["platform_key", "max_overage"];
    const tables = words.filter((name) => name.includes("_") && !spoken.includes(name));
    expect(tables.length).toBeGreaterThan(5);
    // Some events are called after what a table is called after: `api_key.created`.
    const secrets = [
      ...tables.map((table) => `${table}(?![a-z]|\\.[a-z_]+")`),
      "kysely",
      "\\bStripe\\.[A-Z]",
      "graphile",
      "ServiceContext",
      "@headroom/(?!client)",
      "\\bpg\\b",
    ];
    for (const file of readdirSync(customer.installed)) {
      const text = readInstalled(file);
      const found = secrets.filter((secret) => new RegExp(secret).test(text));
      expect([file, found]).toEqual([file, []]);
    }
  });
}
