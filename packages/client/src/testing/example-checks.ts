import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { tokenOf } from "@headroom/api/testing/live";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Customer } from "./customer.ts";
import { type Program, startProgram } from "./programs.ts";
import { stageMetering } from "./staged-meter.ts";

const directoryOf = (name: string) =>
  path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));

let customer: Customer;
let staged: Awaited<ReturnType<typeof stageMetering>>;

const environment = () => ({ HEADROOM_URL: staged.url, HEADROOM_API_KEY: staged.apiKey });
const example = (name: string) => path.join(customer.directory, "examples", name);

/** Browser code that uses these names of the client, minified. */
async function bundled(names: string): Promise<string> {
  const name = names.replace(/\W+/g, "-");
  const entry = path.join(customer.directory, `${name}.js`);
  writeFileSync(entry, `import { ${names} } from "@headroom/client"; globalThis.used = [${names}];`);
  const script = `
    import { build } from "vite";
    await build({
      root: ${JSON.stringify(customer.directory)}, configFile: false, logLevel: "warn",
      build: { outDir: "${name}-dist", rolldownOptions: { input: ${JSON.stringify(entry)} } },
    });
  `;
  expect(await customer.node(["--input-type=module", "-e", script], { NODE_ENV: "production" })).toBe("");
  const assets = path.join(customer.directory, `${name}-dist/assets`);
  const [file = ""] = readdirSync(assets);
  return readFileSync(path.join(assets, file), "utf8");
}

/** That each example does what it says, with the installed package and the real api. */
export function checkExamples(customerOf: () => Customer): void {
  beforeAll(async () => {
    customer = customerOf();
    staged = await stageMetering();
  });
  afterAll(() => staged?.close());
  beforeEach(() => {
    staged.line.fates = ["pass"];
  });

  test("every example has a test, and all compile against the package", async () => {
    const names = readdirSync(path.resolve(import.meta.dirname, "../../examples"));
    expect(names.sort()).toEqual(["express", "nextjs", "node", "tsconfig.json", "vite-react"]);
    const complaints = await customer
      .node([path.join(directoryOf("typescript"), "bin/tsc"), "-p", "examples"])
      .catch((error: { stdout: string }) => error.stdout);
    expect(complaints).toBe("");
  }, 60_000);

  test("the plain Node program creates, invites until the seats are taken, and reads usage", async () => {
    const token = tokenOf(await staged.stage.world.person());
    const said = await customer.node(["examples/node/main.ts"], { ...environment(), HEADROOM_TOKEN: token });
    expect(said.trim().split("\n")).toEqual([
      expect.stringMatching(/^Example Works is example-works/),
      ...["bo", "cy", "di", "ed"].map((name) => `${name}@example.com: invited`),
      expect.stringMatching(/^5 of 5 seats are taken; more with: .+/),
      "0 of 100 pages used today",
    ]);
  });

  describe("in a browser's bundle", () => {
    test("the React application has nothing of Node and nothing of the meter", async () => {
      const said = await customer.node(
        [path.join(directoryOf("vite"), "bin/vite.js"), "build", "--logLevel", "warn"],
        { NODE_ENV: "production" },
        "examples/vite-react",
      );
      expect(said).toBe("");
      const assets = path.join(example("vite-react"), "dist/assets");
      const [script = ""] = readdirSync(assets).filter((name) => name.endsWith(".js"));
      const text = readFileSync(path.join(assets, script), "utf8");
      expect(text.includes("used today")).toBe(true);
      expect(/buffer_full|idempotencyKey|SIGTERM/.exec(text)).toBeNull();
      expect(gzipSync(text).length).toBeLessThan(120 * 1024);
    }, 60_000);

    test("the client alone is small, and the meter is left out unless it is used", async () => {
      const [client, meter] = await Promise.all([
        bundled("createHeadroomClient"),
        bundled("createHeadroomClient, createMeter"),
      ]);
      expect(/buffer_full|idempotencyKey|SIGTERM/.exec(client)).toBeNull();
      expect(/buffer_full/.exec(meter)).not.toBeNull();
      expect(gzipSync(client).length).toBeLessThan(10.5 * 1024);
      expect(gzipSync(meter).length).toBeLessThan(14.5 * 1024);
    }, 60_000);
  });

  test("the React application and the Next.js page show what Headroom answers", async () => {
    const script = `
    import { build } from "vite";
    const plain = { configFile: false, logLevel: "warn", oxc: { jsx: { runtime: "automatic" } } };
    const entries = { app: "vite-react/src/app.tsx", context: "vite-react/src/headroom.ts", page: "nextjs/app/page.tsx" };
    await build({ ...plain, root: "examples", build: { ssr: true, outDir: "rendered", rolldownOptions: { input:
      Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, "examples/" + file])) } } });
    const { createElement } = await import("react");
    const { renderToString } = await import("react-dom/server");
    const at = (name) => import(process.cwd() + "/examples/rendered/" + name + ".js");
    const { connect } = await at("context");
    const { createHeadroomQueries } = await import("@headroom/client/react-query");
    const connection = connect(process.env.HEADROOM_URL, async () => process.env.HEADROOM_TOKEN);
    const queries = createHeadroomQueries(connection.trpcClient, connection.queryClient);
    const about = { organizationId: "current" };
    await connection.queryClient.prefetchQuery(queries.usage.get.queryOptions(about));
    await connection.queryClient.prefetchQuery(queries.members.list.queryOptions(about));
    console.log(JSON.stringify({
      app: renderToString(createElement((await at("app")).App, connection)),
      page: renderToString(await (await at("page")).default()),
    }));
    process.exit();
  `;
    const env = { ...environment(), HEADROOM_TOKEN: tokenOf(staged.stage.ada) };
    const said = await customer.node(["--input-type=module", "-e", script], env);
    const { app, page } = JSON.parse(said) as Record<string, string>;
    const used = await staged.used();
    expect(page).toContain(`<p>${used} of 100 pages used today</p>`);
    const text = app?.replaceAll("<!-- -->", "");
    expect(text).toContain(`<p>${used} of 100 pages used today</p>`);
    expect(text).toContain("<p>1 of 5 seats taken</p>");
    expect(text).toMatch(/<li>[^<]+@[^<]+, owner<\/li>/);
  }, 60_000);

  describe("the Express back end", () => {
    let program: Program;
    beforeAll(async () => {
      const env = { ...environment(), PORT: "0" };
      program = await startProgram(["server.ts"], { cwd: example("express"), env, ready: /"port":(\d+)/ });
    });
    afterAll(async () => {
      await program?.stop();
    });
    const crawl = () => fetch(`${program.url}/crawl`, { method: "POST" });

    test("counts what it lets through, and answers 503 while Headroom cannot be asked", async () => {
      const before = await staged.used();
      expect((await crawl()).status).toBe(200);
      expect(await staged.used()).toBe(before + 10);
      staged.line.fates = ["drop"];
      const refused = await crawl();
      expect([refused.status, await refused.json()]).toEqual([503, { error: "unavailable" }]);
      staged.line.fates = ["pass"];
      expect((await crawl()).status).toBe(200);
    });

    test("answers 429 with Retry-After when the day has no room", async () => {
      const statuses: number[] = [];
      for (let call = 0; call < 11 && !statuses.includes(429); call += 1)
        statuses.push((await crawl()).status);
      expect(statuses.at(-1)).toBe(429);
      const refused = await crawl();
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({ error: "daily_limit", resetsAt: expect.any(String) });
    });

    test("sends what it has counted before it ends", async () => {
      const before = await staged.used();
      const calls = Array.from({ length: 3 }, () => fetch(`${program.url}/search`));
      for (const { status } of await Promise.all(calls)) expect(status).toBe(200);
      expect(await program.stop()).toBe(0);
      expect(program.output()).toContain("everything is sent");
      await vi.waitFor(async () => expect(await staged.used()).toBe(before + 3), { timeout: 2_000 });
    });
  });

  test.each(["nextjs", "express"])("the recipe for %s has the example as it stands", (name) => {
    const recipe = readFileSync(
      path.resolve(import.meta.dirname, `../../../../docs/recipes/${name}.md`),
      "utf8",
    );
    const blocks = [...recipe.matchAll(/`([\w/.]+)`:\n\n```tsx?\n([\s\S]*?)```/g)];
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, file = "", text] of blocks) {
      const source = path.resolve(import.meta.dirname, `../../examples/${name}`, file);
      expect([file, existsSync(source) && readFileSync(source, "utf8")]).toEqual([file, text]);
    }
  });
}
