import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importsOf } from "../build/declarations.ts";

const packageDirectory = path.resolve(import.meta.dirname, "..");
const resolve = createRequire(import.meta.url).resolve;
const directoryOf = (name: string) => path.dirname(resolve(`${name}/package.json`));
const outside = mkdtempSync(path.join(tmpdir(), "client-package-"));
const installed = path.join(outside, "node_modules/@headroom/client");

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: outside, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Packed and installed as a customer has it: beside the tRPC packages and nothing else. */
beforeAll(() => {
  const built = path.join(outside, "built");
  execFileSync(process.execPath, [path.join(packageDirectory, "build/main.ts"), built]);
  const sources = [built, directoryOf("@trpc/client"), directoryOf("@trpc/server")];
  const packed = sources.map((source) => run("npm", "pack", "--silent", "--ignore-scripts", source).trim());
  writeFileSync(
    path.join(outside, "package.json"),
    JSON.stringify({ name: "consumer", private: true, type: "module" }),
  );
  const quiet = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"];
  run("npm", "install", ...quiet, ...packed.map((file) => `./${file}`));
}, 120_000);

afterAll(() => rmSync(outside, { recursive: true, force: true }));

/**
 * The compiler's complaints about a consumer outside the workspace, declarations included. What tRPC's own
 * declarations lack (they name the types of node and ws for adapters that nobody here uses) is not ours.
 */
function compile(source: string): string {
  mkdirSync(path.join(outside, "src"), { recursive: true });
  writeFileSync(path.join(outside, "src/consumer.ts"), source);
  const compilerOptions = {
    target: "es2024",
    lib: ["es2024", "dom", "esnext.disposable"],
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: [],
  };
  writeFileSync(path.join(outside, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["src"] }));
  try {
    run(process.execPath, path.join(directoryOf("typescript"), "bin/tsc"), "-p", outside);
    return "";
  } catch (error) {
    const lines = String((error as { stdout?: unknown }).stdout).split("\n");
    return lines
      .filter((line) => /error TS/.test(line) && !line.startsWith("node_modules/@trpc/"))
      .join("\n");
  }
}

describe("the packed client", () => {
  test("compiles in a strict consumer, and its types are the API's", () => {
    const complaints = compile(`
      import { createHeadroomClient, createMeter, type HeadroomErrorCode, isHeadroomError, isMeterError } from "@headroom/client";
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
    `);
    expect(complaints).toBe("");
  });

  test("refuses what the API does not have, at compile time", () => {
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
    const complaints = compile(
      [imports, setup, "results.push(client.me.get.query());", ...pushed].join("\n"),
    );
    const lines = [...complaints.matchAll(/^src\/consumer\.ts\((\d+),/gm)].map(([, line]) => Number(line));
    expect([...new Set(lines)]).toEqual(mistakes.map((_, index) => index + 4));
  });

  test("runs without anything of the server", () => {
    const script =
      'import("@headroom/client").then((client) => console.log(Object.keys(client).sort().join()))';
    expect(run(process.execPath, "--input-type=module", "-e", script).trim()).toBe(
      "createHeadroomClient,createMeter,isHeadroomError,isMeterError",
    );
  });

  test("imports tRPC and itself alone", () => {
    const files = readdirSync(installed).filter((file) => /\.(js|d\.ts)$/.test(file));
    expect(files.length).toBeGreaterThan(8);
    const imports = new Set(
      files.flatMap((file) => [...importsOf(readFileSync(path.join(installed, file), "utf8"))]),
    );
    const foreign = [...imports].filter((name) => !name.startsWith("./") && !name.startsWith("@trpc/"));
    expect(foreign).toEqual([]);
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
      "graphile",
      "ServiceContext",
      "@headroom/(?!client)",
      "\\bpg\\b",
    ];
    for (const file of readdirSync(installed)) {
      const text = readFileSync(path.join(installed, file), "utf8");
      const found = secrets.filter((secret) => new RegExp(secret).test(text));
      expect([file, found]).toEqual([file, []]);
    }
  });
});
