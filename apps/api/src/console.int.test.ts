import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issuerDefaults } from "./auth/issuers.ts";
import { consoleOf, readVariables } from "./config.ts";
import { createConsole } from "./console.ts";
import { probeRouter } from "./testing/routers.ts";
import { startTestServer } from "./testing/servers.ts";

const folder = mkdtempSync(path.join(tmpdir(), "headroom-console-"));
const directory = path.join(folder, "built");
mkdirSync(path.join(directory, "assets"), { recursive: true });
writeFileSync(path.join(directory, "index.html"), "<!doctype html><title>Console</title>");
writeFileSync(path.join(directory, "assets", "index-1a2b.js"), "export {};");
writeFileSync(path.join(folder, "secret.txt"), "secret");

const variables = (more: Record<string, string> = {}) =>
  readVariables({
    HEADROOM_ENV: "test",
    DATABASE_URL: "postgres://localhost/headroom",
    CONSOLE_DIRECTORY: directory,
    MAIL_CAPTURE_URL: "http://127.0.0.1:4411",
    ...more,
  });
const issuers = [{ ...issuerDefaults, issuer: "https://id.example.com/", audience: "headroom" }];
const configuration = { issuers, support: "help@example.com" } as never;
const optionsFor = (more: Record<string, string> = {}) => {
  const options = consoleOf(variables(more), configuration);
  if (options === null) throw new Error("no console");
  return options;
};

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => {
  server = await startTestServer(probeRouter, {}, {}, { console: createConsole(optionsFor()) });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const browse = (place: string, init: RequestInit = {}) =>
  fetch(`${server.url}${place}`, {
    ...init,
    headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8", ...init.headers },
  });

/** As it is written: `fetch` would tidy the address up. */
const bodyAt = (target: string) =>
  new Promise<string>((resolve, reject) => {
    const asked = request(server.url, { path: target, headers: { accept: "text/html" } }, (answer) => {
      let body = "";
      answer.on("data", (chunk) => {
        body += chunk;
      });
      answer.on("end", () => resolve(body));
    });
    asked.on("error", reject).end();
  });

describe("the console", () => {
  test.each(["/", "/organizations/acme/usage", "/invites/accept?token=abc", "/operator"])(
    "is the page that a browser finds at %s",
    async (place) => {
      const answer = await browse(place);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain("<title>Console</title>");
      expect(answer.headers.get("cache-control")).toBe("no-cache");
    },
  );

  test("is not there for programs, nor for what is not read", async () => {
    for (const init of [{}, { headers: { accept: "application/json" } }]) {
      const answer = await fetch(`${server.url}/organizations/acme/usage`, init);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ code: "route_not_found" });
    }
    expect((await browse("/", { method: "POST" })).status).toBe(404);
  });

  test("leaves the api's own addresses to the api, also in a browser", async () => {
    expect(await (await browse("/v1/probe")).json()).toEqual({ is_open: true });
    expect((await browse("/v1/nothing")).status).toBe(404);
    expect((await browse("/trpc/probe.open")).headers.get("content-type")).toBe("application/json");
    expect((await browse("/openapi.json")).headers.get("content-type")).toBe("application/json");
    expect(await (await browse("/livez")).text()).not.toContain("Console");
  });

  test("keeps what has its content's hash in its name for ever", async () => {
    const answer = await fetch(`${server.url}/assets/index-1a2b.js`);
    expect(await answer.text()).toBe("export {};");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect((await fetch(`${server.url}/assets/index-gone.js`)).status).toBe(404);
    const head = await fetch(`${server.url}/assets/index-1a2b.js`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  test("never leaves its folder", async () => {
    for (const target of [
      "/assets/../../secret.txt",
      "/assets/%2e%2e/%2e%2e/secret.txt",
      "/assets/..%2f..%2fsecret.txt",
      "/assets/..%5c..%5csecret.txt",
    ]) {
      expect((await bodyAt(target)).startsWith("secret")).toBe(false);
    }
  });

  test("runs its own scripts only, calls its issuer and nobody else, is in no frame", async () => {
    const policy = (await browse("/")).headers.get("content-security-policy") ?? "";
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self' https://id.example.com http://127.0.0.1:4411;");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe-eval");
  });

  test("learns where people sign in, and development's parts in development alone", async () => {
    expect(await (await fetch(`${server.url}/console.json`)).json()).toEqual({
      issuer: "https://id.example.com/",
      clientId: "headroom-console",
      audience: "headroom",
      environment: "test",
      support: "help@example.com",
      development: { stripeUrl: null, mailUrl: "http://127.0.0.1:4411" },
    });
    const { settings } = optionsFor({ HEADROOM_ENV: "production", CONSOLE_CLIENT_ID: "app-17" });
    expect(settings).toMatchObject({ clientId: "app-17", development: null });
  });
});

describe("a start", () => {
  test("without a built console, or without an issuer, says what is missing", () => {
    expect(() => createConsole({ ...optionsFor(), directory: path.join(folder, "none") })).toThrow(
      /^CONSOLE_DIRECTORY: there is no built console in /,
    );
    expect(() => consoleOf(variables(), { issuers: [], support: null } as never)).toThrow(/no issuer/);
    expect(
      consoleOf(readVariables({ HEADROOM_ENV: "test", DATABASE_URL: "postgres://x/y" }), configuration),
    ).toBe(null);
  });
});
