import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appRouter } from "../router.ts";
import { startTestServer } from "../testing/servers.ts";
import { createReference } from "./reference.ts";

type Sent = { method?: string; headers?: Record<string, string> };

/** Sends the path as it is written; what comes back is as it was on the wire. */
function send(url: string, address: string, { method = "GET", headers = {} }: Sent = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer; text: string }>(
    (resolve, reject) => {
      const { hostname, port } = new URL(url);
      const sent = httpRequest({ hostname, port, path: address, method, headers }, async (response) => {
        const body = Buffer.concat(await response.toArray());
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, text: body.toString() });
      });
      sent.once("error", reject).end();
    },
  );
}

let api: Awaited<ReturnType<typeof startTestServer>>;
const get = (address: string, sent?: Sent) => send(api.url, address, sent);

beforeAll(async () => {
  api = await startTestServer(appRouter);
});
afterAll(() => api.close());

describe("what is served", () => {
  test.each([
    ["/openapi.json", "application/json"],
    ["/docs", "text/html; charset=utf-8"],
    ["/docs/scalar.js", "text/javascript; charset=utf-8"],
    ["/docs/start.js", "text/javascript; charset=utf-8"],
    ["/docs/guide", "text/html; charset=utf-8"],
    ["/docs/guide/metering", "text/html; charset=utf-8"],
    ["/docs/guide/style.css", "text/css; charset=utf-8"],
  ])("%s: compressed where that is understood, once, and kept by its entity tag", async (address, type) => {
    const plain = await get(address);
    const zipped = await get(address, { headers: { "accept-encoding": "gzip, br" } });
    expect(plain).toMatchObject({ status: 200, headers: { "content-type": type } });
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(zipped.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(zipped.body).equals(plain.body)).toBe(true);
    expect(plain.headers.vary).toContain("accept-encoding");
    expect(plain.headers.etag).not.toBe(zipped.headers.etag);
    for (const { headers, encoding } of [
      { headers: plain.headers, encoding: "identity" },
      { headers: zipped.headers, encoding: "gzip" },
    ]) {
      const again = await get(address, {
        headers: { "if-none-match": String(headers.etag), "accept-encoding": encoding },
      });
      expect([again.status, again.body.length]).toEqual([304, 0]);
    }
    const head = await get(address, { method: "HEAD" });
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(head.headers["content-length"]).toBe(String(plain.body.length));
  });

  test.each(["/openapi.json", "/docs", "/docs/guide", "/docs/guide/metering"])(
    "%s takes GET and HEAD alone",
    async (address) => {
      const answer = await get(address, { method: "POST" });
      expect(answer).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
      expect(JSON.parse(answer.text)).toMatchObject({ code: "method_not_allowed" });
    },
  );

  test("an address ends without a stroke, and without the name of a file", async () => {
    for (const [from, to] of [
      ["/docs/", "/docs"],
      ["/docs/guide/", "/docs/guide"],
      ["/docs/guide/metering.md", "/docs/guide/metering"],
      ["/docs/guide/metering/", "/docs/guide/metering"],
    ])
      expect(await get(from ?? "")).toMatchObject({ status: 308, headers: { location: to } });
    expect((await get("/docs/nothing")).status).toBe(404);
  });
});

test("every page of the guide is there, with its pictures", async () => {
  const { text } = await get("/docs/guide");
  const pages = new Set(
    [...text.matchAll(/href="(\/docs\/guide\/[^"#.]+)"/g)].map(([, address = ""]) => address),
  );
  expect(pages.size).toBeGreaterThan(50);
  for (const address of pages) {
    const page = await get(address);
    expect([address, page.status, page.text.match(/<h1 /g)?.length]).toEqual([address, 200, 1]);
    for (const [, picture = ""] of page.text.matchAll(/<img src="([^"]+)"/g))
      expect([picture, (await get(picture)).status]).toEqual([picture, 200]);
  }
  expect((await get("/docs/guide/concepts")).text.match(/<img /g)).toHaveLength(5);
});

describe("the page of the reference", () => {
  test("loads nothing from elsewhere, and may not", async () => {
    const { text, headers } = await get("/docs");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).not.toMatch(/https?:|\*|script-src[^;]*unsafe/);
    const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address);
    expect(loaded).toEqual(expect.arrayContaining(["/docs/scalar.js", "/docs/start.js"]));
    for (const address of loaded) expect(address).toMatch(/^(\/(?!\/)|data:)/);
    expect(text).not.toMatch(/<script(?! src=)/);
    const start = (await get("/docs/start.js")).text;
    expect(start).not.toMatch(/https?:/);
    expect(start).toContain('"telemetry":false');
    expect(start).toContain('"agent":{"disabled":true');
  });

  test("has the script that it starts", async () => {
    const { text } = await get("/docs/scalar.js");
    expect(text.length).toBeGreaterThan(1_000_000);
    expect(text).toContain("window.Scalar={createApiReference:");
  });

  test("calls with the key that it was given, and asks for one otherwise", async () => {
    expect((await get("/docs/start.js")).text).not.toContain("hr_test_");
    const keyed = await startTestServer(appRouter, {}, {}, { referenceKey: "hr_test_reader" });
    const { text } = await send(keyed.url, "/docs/start.js");
    await keyed.close();
    const configuration = JSON.parse(/createApiReference\("#app", (.+)\);\n$/.exec(text)?.[1] ?? "");
    expect(configuration.authentication).toEqual({
      preferredSecurityScheme: "apiKey",
      securitySchemes: { apiKey: { token: "hr_test_reader" } },
    });
    const document = JSON.parse((await get("/openapi.json")).text);
    expect(Object.keys(document.components.securitySchemes)).toContain("apiKey");
  });
});

describe("the guide", () => {
  const root = mkdtempSync(path.join(tmpdir(), "headroom-guide-"));
  const write = (name: string, text: string | Buffer) => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  };
  const picture = Buffer.from("89504e470d0a1a0a", "hex");
  let server: Server;
  let url = "";

  beforeAll(async () => {
    write(
      "README.md",
      "# It\n\n## Read on\n\nFor who builds:\n\n- [Second](docs/second.md): what `comes` second\n- [First](docs/first.md)\n" +
        "- [Client](packages/client/README.md): typed\n- [File](infra/compose.yaml): a file\n- [Gone](docs/gone.md): no file\n\n" +
        "For who runs:\n\n- [Safe](SECURITY.md): safely\n",
    );
    write(
      "docs/first.md",
      "# First & foremost\n\n## What counts?\n\n## What counts?\n\n[over](second.md#there) [up](../SECURITY.md) [code](../src/main.ts) " +
        "[out](https://example.com/?a=1&b=2) [bad](javascript:alert(1)) [all](decisions) [json](openapi.json)\n\n" +
        "<script>alert(1)</script>\n\n<!-- for editors -->\n\n![A chart](pictures/chart.png) ![x](https://example.com/x.png)\n\n" +
        'Text <img src=x onerror="alert(1)"> more\n\n| a | |\n|---|---|\n| `<b>` | c |\n\n`invites.linkInList` `a.b`\n\n- [ ] to do\n- [x] done\n\n```ts\nconst a = "<b>";\n```\n',
    );
    write("docs/second.md", "# Second\n");
    write("docs/unlisted.md", "# Told by nobody\n");
    write("docs/decisions/0001-why.md", "# Why\n");
    write("docs/pictures/chart.png", picture);
    write("docs/pictures/lines.svg", '<svg xmlns="http://www.w3.org/2000/svg"/>');
    write("packages/client/README.md", "# `@headroom/client`\n");
    write("SECURITY.md", "# Security\n");
    write("secret.png", picture);
    const reference = createReference({ document: () => ({}), key: null, root });
    server = createServer(async (request, response) => {
      const address = new URL(request.url ?? "", "http://api");
      if ((await reference.answer(request, response, address, "id")) === null) response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    rmSync(root, { recursive: true, force: true });
  });

  const read = async (name: string) => (await send(url, `/docs/guide${name}`)).text;

  test("leads on in the README's order, and forgets no page", async () => {
    const text = await read("");
    const navigation = text.slice(text.indexOf("<nav"));
    expect(
      [...navigation.matchAll(/<h2>(.+)<\/h2>|href="\/docs\/guide\/([^"]+)"/g)].map(
        ([, group, page]) => group ?? page,
      ),
    ).toEqual([
      "For who builds",
      "second",
      "first",
      "client",
      "For who runs",
      "security",
      "More",
      "unlisted",
      "Decisions",
      "decisions/0001-why",
    ]);
    expect(text).toContain('<a href="/docs/guide/second">Second</a>: what comes second');
  });

  test("turns links between files into links between pages, and drops what leads nowhere", async () => {
    const text = await read("/first");
    expect(text).toContain('<a href="/docs/guide/second#there">over</a>');
    expect(text).toContain('<a href="/docs/guide/security">up</a>');
    expect(text).toContain('<a href="https://example.com/?a=1&amp;b=2">out</a>');
    expect(text).toContain('<a href="/docs/guide#decisions">all</a>');
    expect(text).toContain('<a href="/openapi.json">json</a>');
    expect(text).not.toMatch(/src\/main\.ts|javascript:/);
  });

  test("gives every heading an address of its own", async () => {
    const text = await read("/first");
    expect(text).toContain('<h1 id="first--foremost">First &amp; foremost');
    expect([...text.matchAll(/<h2 id="(what[^"]*)"/g)].map(([, id]) => id)).toEqual([
      "what-counts",
      "what-counts-1",
    ]);
  });

  test("shows markup and never obeys it", async () => {
    const text = await read("/first");
    expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(text).not.toMatch(/<script|<img src=x|for editors|example\.com\/x\.png/);
    expect(text).toContain("const a = &quot;&lt;b&gt;&quot;;");
    expect(text).toContain('<th scope="col">a</th><td></td>');
    expect(text).toContain("<code>invites.<wbr>linkInList</code> <code>a.b</code>");
    expect(text).toContain("<li>☐ to do</li>");
    expect(text).toContain("<li>☑ done</li>");
    const { headers } = await send(url, "/docs/guide/first");
    expect(headers["content-security-policy"]).toContain("default-src 'none'; style-src 'self';");
  });

  test("shows the pictures of docs, and no other file", async () => {
    expect(await read("/first")).toContain('<img src="/docs/guide/pictures/chart.png" alt="A chart"');
    const { body, headers } = await send(url, "/docs/guide/pictures/chart.png");
    expect([headers["content-type"], body.equals(picture)]).toEqual(["image/png", true]);
    const drawn = await send(url, "/docs/guide/pictures/lines.svg");
    expect(drawn.headers).toMatchObject({
      "content-type": "image/svg+xml",
      "content-security-policy": expect.stringMatching(/^default-src 'none'; style-src 'unsafe-inline';/),
    });
    for (const name of [
      "../secret.png",
      "%2e%2e/secret.png",
      "..%2fsecret.png",
      ".%2e%2fsecret.png",
      "pictures",
      "first.json",
      "%ff",
    ])
      expect([name, (await send(url, `/docs/guide/${name}`)).status]).toEqual([name, 404]);
  });

  test("says where to go when there is no such page", async () => {
    const { status, text, headers } = await send(url, "/docs/guide/nowhere");
    expect([status, headers["content-type"]]).toEqual([404, "text/html; charset=utf-8"]);
    expect(text).toContain('<a href="/docs/guide">What there is to read</a>');
    expect(text).toContain('<nav id="contents" aria-label="Guide">');
  });

  test("says so of a folder without documentation", async () => {
    const empty = createReference({ document: () => ({}), key: null, root: path.join(root, "none") });
    const bare = createServer((request, response) => {
      void empty.answer(request, response, new URL(request.url ?? "", "http://api"), "id");
    });
    await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));
    const at = `http://127.0.0.1:${(bare.address() as AddressInfo).port}`;
    expect((await send(at, "/docs/guide")).status).toBe(200);
    expect((await send(at, "/docs/guide/metering")).status).toBe(404);
    bare.close();
  });
});

test("every link within the guide of this repository leads to a page and a heading", async () => {
  const pages = new Map<string, string>();
  const load = async (address: string): Promise<string> => {
    const known = pages.get(address) ?? (await get(address)).text;
    pages.set(address, known);
    return known;
  };
  const overview = await load("/docs/guide");
  const names = [...overview.matchAll(/href="(\/docs\/guide\/[^"#.]+)"/g)].map(([, address = ""]) => address);
  expect(new Set(names).size).toBeGreaterThan(40);
  for (const name of new Set(names)) {
    const links = [...(await load(name)).matchAll(/href="(\/docs\/guide[^"]*)"/g)].map(
      ([, link = ""]) => link,
    );
    for (const link of links.filter((one) => !one.endsWith(".css"))) {
      const [address = "", anchor] = link.split("#");
      const target = await load(address);
      expect([name, link, target.includes("<h1>No such page")]).toEqual([name, link, false]);
      if (anchor !== undefined)
        expect([name, link, target.includes(`id="${anchor}"`)]).toEqual([name, link, true]);
    }
  }
});
