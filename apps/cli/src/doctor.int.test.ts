import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startEmbeddedPostgres } from "@headroom/db/testing/embedded";
import { relevantEventTypes } from "@headroom/service/stripe/event-types";
import { stripeApiVersion } from "@headroom/service/stripe/inspection";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDoctorBench, type DoctorBench } from "./testing/doctor-bench.ts";
import { headroomOn } from "./testing/headroom.ts";

let it: DoctorBench;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "headroom-doctor-"));
  it = await createDoctorBench();
}, 60_000);
afterAll(async () => {
  await it?.close();
  rmSync(folder, { recursive: true });
});

const rows = (sql: string, ...values: unknown[]) => it.bench.rows(sql, ...values);

/** What one look finds while something is as it is not to be. */
async function during(wrong: string, right: string, look: () => Promise<unknown>): Promise<void> {
  await rows(wrong);
  try {
    await look();
  } finally {
    await rows(right);
  }
}

const faulty = (found: RegExp, advice: RegExp) => ({
  state: "fault",
  found: expect.stringMatching(found),
  advice: expect.stringMatching(advice),
});
const warned = (found: RegExp) => ({ state: "warning", found: expect.stringMatching(found) });

/** Stripe, as far as it is asked. */
const stripe = (endpoints: object[], { status = 200, date = "" } = {}) =>
  it.serve((_request, response) => {
    if (date !== "") response.setHeader("date", date);
    const error = { error: { type: "invalid_request_error", message: "Invalid API Key provided" } };
    response.writeHead(status, { "content-type": "application/json" });
    response.end(
      JSON.stringify(status === 200 ? { object: "list", data: endpoints, has_more: false } : error),
    );
  });
const endpoint = {
  id: "we_1",
  url: "https://hooks.example.com/stripe",
  status: "enabled",
  api_version: stripeApiVersion,
  enabled_events: ["*"],
};

test("finds nothing wrong with what is well, and tells what it saw on one screen", async () => {
  const { code, checks } = await it.doctor();
  const states = Object.fromEntries(checks.map(({ name, state }) => [name, state]));
  expect(states).toEqual({
    ...Object.fromEntries(checks.map(({ name }) => [name, "ok"])),
    // Nothing was delivered yet.
    events: "warning",
  });
  expect([code, checks.length]).toEqual([0, 23]);
  const found = Object.fromEntries(checks.map((one) => [one.name, one.found]));
  expect(found).toMatchObject({
    environment: "development",
    configuration: expect.stringMatching(/featured\.config\.ts: 4 plans, 1 meter$/),
    database: expect.stringMatching(/^PostgreSQL \d+\.\d+ at 127\.0\.0\.1:\d+\//),
    migrations: expect.stringMatching(/^\d+ applied, none pending$/),
    clock: "real time; the database is at the time of this machine",
    issuers: expect.stringMatching(/^http:.*: 1 key$/),
    "stripe key": expect.stringMatching(/^a test key that http/),
    webhook: `http://127.0.0.1:9/stripe, ${stripeApiVersion}`,
    "secrets key": "SECRETS_KEY has 1 key of 32 bytes",
    api: expect.stringMatching(/^127\.0\.0\.1:\d+ answers$/),
    "stripe webhook": expect.stringMatching(/ is free: it does not run here$/),
    worker: "1 worker alive",
  });
});

test("prints for people a line for each, with a mark, and what to do below it", async () => {
  const { code, out } = await headroomOn(() => it.bench.scratch.url, {
    SECRETS_KEY: "short",
    STRIPE_SECRET_KEY: "",
  })("doctor");
  expect(code).toBe(1);
  expect(out).toMatch(/^✓ environment +development$/m);
  expect(out).toMatch(/^! stripe key +STRIPE_SECRET_KEY is not set/m);
  expect(out).toMatch(/^✗ secrets key +SECRETS_KEY = \[secret\]: is not base64.*\n +→ set SECRETS_KEY to/m);
  expect(out).toMatch(/^- webhook +needs the Stripe key$/m);
  expect(out.split("\n").length).toBeLessThan(45);
});

test("without a database tells so once, skips what needs it, and looks at the rest", async () => {
  const { code, checks, text } = await it.doctor({
    DATABASE_URL: `postgres://kim:hunter22secret@127.0.0.1:${it.deadPort}/headroom`,
  });
  expect(code).toBe(1);
  const stateOf = (name: string) => checks.find((one) => one.name === name)?.state;
  expect(checks.find(({ name }) => name === "database")).toMatchObject(
    faulty(/ECONNREFUSED/, /start PostgreSQL/),
  );
  for (const name of ["roles", "migrations", "partitions", "clock", "events", "drift", "worker"]) {
    expect([name, stateOf(name)]).toEqual([name, "skipped"]);
  }
  expect([stateOf("issuers"), stateOf("mail"), stateOf("stripe key")]).toEqual(["ok", "ok", "ok"]);
  expect(text).not.toContain("hunter22");
});

test.each([
  ["environment", { HEADROOM_ENV: "prod" }, /HEADROOM_ENV = "prod"/, /production, development or test/],
  ["configuration", { HEADROOM_CONFIG: "/nowhere.config.ts" }, /nowhere\.config\.ts/, /HEADROOM_CONFIG/],
  ["issuers", { OIDC_AUDIENCE: undefined }, /one is not set/, /set both/],
  [
    "stripe key",
    { STRIPE_SECRET_KEY: "sk_tset_1234567" },
    /\[secret\]: is not a Stripe secret key/,
    /test keys/,
  ],
  ["stripe key", { STRIPE_SECRET_KEY: "sk_live_1234567" }, /live key: only production/, /test keys/],
  ["stripe key", { HEADROOM_ENV: "production" }, /STRIPE_API_BASE/, /correct the variable/],
  ["webhook", { STRIPE_WEBHOOK_SECRETS: "sk_test_1234567" }, /no signing secret/, /whsec_/],
  ["webhook", { STRIPE_WEBHOOK_SECRETS: undefined }, /does not start/, /signing secret of http/],
  [
    "mail",
    { LOOPS_API_KEY: "loopskey12345", SMTP_URL: "smtp://mail.test" },
    /keep one|LOOPS/,
    /docs\/mail\.md/,
  ],
  ["invite links", { INVITE_LINK_KEY: "shortsecret" }, /shorter than 32 bytes/, /openssl rand/],
])("%s: %j", async (name, changes, found, advice) => {
  const { code, checks, text } = await it.doctor(changes);
  expect(checks.find((one) => one.name === name)).toMatchObject(faulty(found, advice));
  expect(code).toBe(1);
  for (const value of Object.values(changes)) {
    if (/^(sk_|loopskey|short)/.test(value ?? "")) expect(text).not.toContain(value);
  }
});

test("billing that is not live is told", async () => {
  const shadow = fileURLToPath(import.meta.resolve("./testing/shadow.config.ts"));
  expect(await it.look("billing", { HEADROOM_CONFIG: shadow })).toMatchObject({
    state: "warning",
    found: expect.stringContaining("not live"),
  });
});

test("a worker that was started with another billing than the file has is told, until all are restarted", async () => {
  const shadow = fileURLToPath(import.meta.resolve("./testing/shadow.config.ts"));
  const look = () => it.look("billing", { HEADROOM_CONFIG: shadow });
  expect(await look()).toMatchObject({
    found: "the configuration says not live, and the worker was started with live",
    advice: expect.stringMatching(/^restart the worker, the api/),
  });
  const { live, liveFrom } = it.bench.configuration.billing;
  await it.bench.restart({ live: false, liveFrom: null });
  expect(await look()).toMatchObject({ found: expect.stringMatching(/^not live: /) });
  expect(await it.look("billing")).toMatchObject({
    found: "the configuration says live, and the worker was started with not live",
  });
  await it.bench.restart({ live, liveFrom });
});

test("a configuration tells all its faults; what the policy needs is asked for", async () => {
  const broken = path.join(folder, "broken.config.ts");
  writeFileSync(
    broken,
    'export default { meters: { pages: {} }, defaultMeter: "words", plans: {}, wrong: 1 };\n',
  );
  expect(await it.look("configuration", { HEADROOM_CONFIG: broken })).toMatchObject(
    faulty(/wrong.*;|;.*wrong/, /docs\/configuration\.md/),
  );
  const crawler = path.join(folder, "crawler.config.ts");
  writeFileSync(crawler, 'export default { preset: "crawler" };\n');
  expect(await it.look("invite links", { HEADROOM_CONFIG: crawler })).toMatchObject(
    faulty(/invites\.linkInList needs it/, /INVITE_LINK_KEY/),
  );
  expect(await it.look("configuration", { HEADROOM_CONFIG: crawler })).toMatchObject({
    state: "ok",
    found: expect.stringMatching(/preset crawler$/),
  });
});

describe("the database", () => {
  test("of a login that may not take the roles, or that they do not hold", async () => {
    const name = `doctor_${process.pid}`;
    await rows(`create role ${name} login password 'loginpassword'`);
    try {
      const url = Object.assign(new URL(it.bench.scratch.url), { username: name, password: "loginpassword" });
      const { checks } = await it.doctor({ DATABASE_URL: url.href });
      expect(checks.find((one) => one.name === "roles")).toMatchObject(
        faulty(/may not take hr_api, hr_jobs, hr_webhook, hr_worker/, /grant hr_api/),
      );
      expect(checks.find((one) => one.name === "migrations")).toMatchObject({ state: "skipped" });
      url.password = "anotherpassword";
      const refused = await it.doctor({ DATABASE_URL: url.href });
      expect(refused.checks.find((one) => one.name === "database")).toMatchObject(
        faulty(/password authentication failed/, /DATABASE_URL/),
      );
      expect(refused.text).not.toContain("anotherpassword");
    } finally {
      await rows(`drop role ${name}`);
    }
    expect(await it.look("roles", { DATABASE_URL: it.bench.scratch.adminUrl })).toMatchObject(
      faulty(/is a superuser/, /ordinary login/),
    );
  });

  test("that has nothing of ours yet lacks the roles, and migrate --dry-run says what it would apply", async () => {
    const directory = path.join(folder, "empty");
    const empty = await startEmbeddedPostgres({ dataDirectory: directory, temporary: true, log: () => {} });
    try {
      const { checks } = await it.doctor({ DATABASE_URL: empty.url });
      expect(checks.find((one) => one.name === "roles")).toMatchObject(
        faulty(/^hr_api, .* are missing$/, /roles\.sql/),
      );
      expect(checks.find((one) => one.name === "migrations")).toMatchObject({ state: "skipped" });
      const headroom = headroomOn(() => empty.url);
      const dry = await headroom("migrate", "--dry-run", "--json");
      const { pending } = JSON.parse(dry.out) as { pending: string[] };
      expect([dry.code, pending[0], pending.length > 25]).toEqual([0, "0001_tenancy", true]);
      expect((await it.doctor({ DATABASE_URL: empty.url })).checks).toEqual(checks);
    } finally {
      await empty.stop();
    }
  }, 30_000);

  test("with other migrations than this code's", async () => {
    const [last] = await rows("select name from headroom.kysely_migration order by name desc limit 1");
    await during(
      `delete from headroom.kysely_migration where name = '${last?.name}'`,
      `insert into headroom.kysely_migration values ('${last?.name}', now()::text)`,
      async () => {
        expect(await it.look("migrations")).toMatchObject(
          faulty(new RegExp(`1 migration pending, up to ${last?.name}`), /headroom migrate/),
        );
        expect(await it.look("events")).toEqual({
          name: "events",
          state: "skipped",
          found: "needs the migrations",
        });
        const dry = await headroomOn(() => it.bench.scratch.url)("migrate", "--dry-run");
        expect(dry).toEqual({ code: 0, out: `${last?.name} would be applied\n`, err: "" });
      },
    );
    await during(
      "insert into headroom.kysely_migration values ('9999_future', now()::text)",
      "delete from headroom.kysely_migration where name = '9999_future'",
      async () => {
        expect(await it.look("migrations")).toMatchObject(faulty(/newer: 9999_future/, /release/));
      },
    );
  });

  test.each([
    [0, "fault"],
    [3, "warning"],
  ])("without a partition for usage in %i days", async (days, state) => {
    const [day] = await rows(
      "select to_char((clock_timestamp() at time zone 'UTC')::date + $1::integer, 'YYYYMMDD') as day",
      days,
    );
    const name = `headroom.usage_event_${day?.day}`;
    await during(
      `alter table ${name} rename to put_away`,
      `alter table headroom.put_away rename to usage_event_${day?.day}`,
      async () => expect(await it.look("partitions")).toMatchObject({ state }),
    );
  });

  test("with a clock that was moved: development may, production may not", async () => {
    await during(
      "update headroom.dev_clock set clock_offset = '3 days'",
      "update headroom.dev_clock set clock_offset = '0'",
      async () => {
        expect(await it.look("clock")).toMatchObject({
          state: "ok",
          found: expect.stringMatching(/^moved by 3 d/),
        });
        expect(await it.look("clock", { HEADROOM_ENV: "production" })).toMatchObject(
          faulty(/moved by 3 d/, /clock_offset = '0'/),
        );
      },
    );
  });

  test("without a living worker", async () => {
    await during(
      "update headroom.worker_heartbeat set beat_at = now() - interval '4 seconds'",
      "update headroom.worker_heartbeat set beat_at = 'infinity'",
      async () => expect(await it.look("worker")).toMatchObject(faulty(/none lives/, /start the worker/)),
    );
  });
});

describe("Stripe", () => {
  test("that refuses the key, is not there, or keeps another time", async () => {
    const refusing = await stripe([], { status: 401 });
    expect(await it.look("stripe key", { STRIPE_API_BASE: refusing.url })).toMatchObject(
      faulty(/refuses the test key/, /STRIPE_SECRET_KEY/),
    );
    const telling = await it.serve((request, response) => {
      const message = `no such thing for ${request.headers.authorization}`;
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { type: "invalid_request_error", message } }));
    });
    const told = await it.look("stripe key", { STRIPE_API_BASE: telling.url });
    expect(told).toMatchObject(faulty(/no such thing for Bearer \[secret\]/, /reaches it/));
    const nobody = { STRIPE_API_BASE: `http://127.0.0.1:${it.deadPort}` };
    expect(await it.look("stripe key", nobody)).toMatchObject(
      faulty(/connection to Stripe|ECONNREFUSED/, /reaches it/),
    );
    const date = new Date(Date.now() - 600_000).toUTCString();
    const late = await stripe([endpoint], { date });
    expect(await it.look("stripe clock", { STRIPE_API_BASE: late.url })).toMatchObject(
      faulty(/Stripe is 10 min behind this machine/, /NTP/),
    );
    const slightly = await stripe([endpoint], { date: new Date(Date.now() + 60_000).toUTCString() });
    expect(await it.look("stripe clock", { STRIPE_API_BASE: slightly.url })).toMatchObject(
      warned(/ahead of this machine/),
    );
  });

  test.each([
    ["no endpoint", [], "fault", /no endpoint is registered/],
    [
      "a disabled one",
      [{ ...endpoint, status: "disabled" }],
      "fault",
      /every registered endpoint is disabled/,
    ],
    [
      "one that lacks events",
      [{ ...endpoint, enabled_events: relevantEventTypes.filter((type) => type !== "invoice.paid") }],
      "fault",
      /lacks 1 event type: invoice\.paid/,
    ],
    [
      "one of another version",
      [{ ...endpoint, api_version: "2020-08-27" }],
      "warning",
      /sends 2020-08-27, this release reads 20/,
    ],
    ["one of the account's version", [{ ...endpoint, api_version: null }], "warning", /default version/],
    ["a good one beside a poor one", [{ ...endpoint, enabled_events: [] }, endpoint], "ok", /hooks\.example/],
  ])("with %s", async (_what, endpoints, state, found) => {
    const { url } = await stripe(endpoints);
    expect(await it.look("webhook", { STRIPE_API_BASE: url })).toMatchObject({
      state,
      found: expect.stringMatching(found),
    });
  });

  const thin = {
    id: "ed_1",
    name: "Thin",
    status: "enabled",
    type: "webhook_endpoint",
    event_payload: "thin",
    enabled_events: ["v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found"],
    webhook_endpoint: { url: endpoint.url },
  };

  test.each([
    ["no destination", [], "fault", /no destination of thin events/],
    ["one of snapshots alone", [{ ...thin, event_payload: "snapshot" }], "fault", /no destination/],
    ["a disabled one", [{ ...thin, status: "disabled" }], "fault", /is disabled/],
    [
      "one that lacks a report",
      [{ ...thin, enabled_events: ["v1.billing.meter.no_meter_found"] }],
      "fault",
      /lacks 1 event type: v1\.billing\.meter\.error_report_triggered/,
    ],
    [
      "one to another path",
      [{ ...thin, webhook_endpoint: { url: "https://hooks.example.com/thin" } }],
      "fault",
      /takes events at \/stripe alone/,
    ],
    [
      "one to another host",
      [{ ...thin, webhook_endpoint: { url: "https://old.example.com/stripe" } }],
      "warning",
      /no webhook endpoint has this address/,
    ],
    ["a good one of everything", [{ ...thin, enabled_events: ["*"] }], "ok", /hooks\.example/],
  ])("by whose meters overage goes, with %s", async (_what, destinations, state, found) => {
    const { url } = await it.serve((request, response) => {
      const data = request.url?.startsWith("/v2/")
        ? { data: destinations, next_page_url: null, previous_page_url: null }
        : { object: "list", data: [endpoint], has_more: false };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(data));
    });
    const file = path.join(folder, "meter.config.ts");
    const shipped = fileURLToPath(new URL("../../../headroom.config.ts", import.meta.url));
    writeFileSync(
      file,
      `import shipped from ${JSON.stringify(shipped)};
const monthly = (prices) => prices.filter(({ interval }) => interval === "month");
const plans = Object.fromEntries(Object.entries(shipped.plans).map(([id, plan]) => [id, { ...plan,
  ...(plan.prices ? { prices: monthly(plan.prices) } : {}),
  ...(plan.seats?.prices ? { seats: { ...plan.seats, prices: monthly(plan.seats.prices) } } : {}) }]));
export default { ...shipped, plans, policies: { ...shipped.policies, overage: { sink: "meter" } } };`,
    );
    const environment = { STRIPE_API_BASE: url, HEADROOM_CONFIG: file };
    expect(await it.look("event destination", environment)).toMatchObject({
      state,
      found: expect.stringMatching(found),
    });
    expect((await it.look("event destination", { STRIPE_API_BASE: url })).state).toBe("ok");
  });

  test("whose events wait, were set aside, came with another secret, or never came", async () => {
    expect(await it.look("events")).toMatchObject({
      ...warned(/none has ever come/),
      advice: expect.stringContaining("STRIPE_WEBHOOK_SECRETS"),
    });
    const insert = (status: string, reason: string) => `
      insert into headroom.stripe_inbox (event_id, livemode, type, customer_id, created_at, received_at, payload,
        secret_index, status, reason, parked_at)
      values ('evt_1', false, 'invoice.paid', 'cus_1', now(), now() - interval '10 minutes', '{}', 0, '${status}',
        ${reason}, now())`;
    const none = "delete from headroom.stripe_inbox";
    await during(insert("pending", "null"), none, async () => {
      expect(await it.look("events")).toMatchObject(faulty(/1 pending, the oldest for 10 min/, /worker/));
    });
    await during(insert("parked", "'unlinked'"), none, async () => {
      expect(await it.look("events")).toMatchObject(warned(/came 10 min ago, 0 pending, 1 set aside/));
    });
    await during(insert("applied", "null"), none, async () => {
      expect(await it.look("events")).toMatchObject({ state: "ok" });
    });
    await during(insert("dead", "null"), none, async () => {
      expect(await it.look("dead letters")).toMatchObject(warned(/^1: invoice\.paid$/));
    });
  });

  test("that had what no event had brought, or could not be compared", async () => {
    const insert = (columns: string, values: string) =>
      `insert into headroom.stripe_customer_sync (customer_id, ${columns}) values ('cus_d', ${values})`;
    const none = "delete from headroom.stripe_customer_sync where customer_id = 'cus_d'";
    await during(insert("drift_count, drifted_at", "2, now() - interval '3 hours'"), none, async () => {
      expect(await it.look("drift")).toMatchObject(warned(/found 2 times, last 3 h ago/));
    });
    await during(insert("drift_count, drifted_at", "2, now() - interval '9 days'"), none, async () => {
      expect(await it.look("drift")).toMatchObject({ state: "ok" });
    });
    await during(insert("last_error", "'no'"), none, async () => {
      expect(await it.look("drift")).toMatchObject(warned(/1 customer could not be compared/));
    });
  });
});

describe("issuers", () => {
  const issued = async (answer: (url: string) => object) => {
    const server = await it.serve(
      (_request, response) => void response.end(JSON.stringify(answer(server.url))),
    );
    return it.look("issuers", { OIDC_ISSUER: server.url });
  };

  test("that are not there, speak for another, or have no keys", async () => {
    const dead = `http://127.0.0.1:${it.deadPort}`;
    expect(await it.look("issuers", { OIDC_ISSUER: dead })).toMatchObject(
      faulty(/ECONNREFUSED/, /start the issuer/),
    );
    expect(
      await issued(() => ({ issuer: "https://other.test", jwks_uri: "https://other.test/keys" })),
    ).toMatchObject(faulty(/speaks for https:\/\/other\.test/, /address/));
    expect(await issued(() => ({ hello: 1 }))).toMatchObject(faulty(/no discovery document/, /address/));
    expect(await issued((url) => ({ issuer: url, jwks_uri: `${url}/keys`, keys: [] }))).toMatchObject(
      faulty(/key set is empty/, /signing keys/),
    );
    expect(await it.look("issuers", { HEADROOM_ENV: "production" })).toMatchObject(
      faulty(/is not https/, /https/),
    );
  });

  test("of nobody: nobody can sign in", async () => {
    const none = { OIDC_ISSUER: undefined, OIDC_AUDIENCE: undefined };
    expect(await it.look("issuers", none)).toMatchObject(warned(/nobody can sign in/));
  });
});

test("mail that does not go out", async () => {
  const dead = `smtp://127.0.0.1:${it.deadPort}`;
  expect(await it.look("mail", { SMTP_URL: dead })).toMatchObject(faulty(/ECONNREFUSED/, /SMTP_URL/));
  expect(await it.look("mail", { SMTP_URL: undefined })).toMatchObject(warned(/mail is skipped/));
  const { found } = await it.look("mail");
  const wrong = `smtp://mailer:wrongpassword@${found.replace("SMTP at ", "")}`;
  const refused = await it.look("mail", { SMTP_URL: wrong });
  expect(refused).toMatchObject(faulty(/535 wrong login/, /SMTP_URL/));
  expect(JSON.stringify(refused)).not.toContain("wrongpassword");
});

test("ports that somebody else has, an application that is not ready, and what never answers", async () => {
  const stranger = await it.serve((_request, response) => void response.end("hello"));
  const unready = await it.serve((_request, response) => {
    response
      .writeHead(503)
      .end(JSON.stringify({ status: "unavailable", checks: { migrations: "failed", database: "ok" } }));
  });
  const silent = await it.silence();
  const { checks } = await it.doctor(
    { OIDC_ISSUER: `http://127.0.0.1:${silent}` },
    ...["--port-api", String(stranger.port)],
    ...["--port-webhook", String(unready.port)],
    ...["--port-worker", String(silent)],
  );
  const one = (name: string) => checks.find((check) => check.name === name);
  expect(one("api")).toMatchObject(faulty(/taken by something else/, /another PORT/));
  expect(one("stripe webhook")).toMatchObject(faulty(/not ready: migrations failed/, /log of the webhook/));
  expect(one("worker probe")).toMatchObject(faulty(/does not speak HTTP/, /another PORT/));
  expect(one("issuers")).toMatchObject(faulty(/timeout/, /start the issuer/));
  // The others did not wait for them.
  expect(one("database")).toMatchObject({ state: "ok" });
}, 20_000);

test("in a development stack finds everything by the stack's own file", async () => {
  const mail = await it.serve((_request, response) => void response.end("{}"));
  const file = path.join(folder, "stack.json");
  const healthy = await it.doctor();
  const issuer = healthy.checks.find(({ name }) => name === "issuers")?.found.split(": ")[0];
  const api = healthy.checks.find(({ name }) => name === "api")?.found.split(" ")[0];
  const stack = {
    api: `http://${api}`,
    webhook: `http://127.0.0.1:${it.deadPort}`,
    stripe: it.bench.sandboxUrl,
    issuer,
    mail: mail.url,
    databaseUrl: it.bench.scratch.url,
    configurationFile: path.resolve("headroom.config.ts"),
  };
  writeFileSync(file, JSON.stringify(stack));
  const made = { stripeWebhookSecret: "whsec_stack", secretsKey: Buffer.alloc(32).toString("base64") };
  writeFileSync(path.join(folder, "secrets.json"), JSON.stringify(made));
  const headroom = headroomOn(() => "", { HEADROOM_STACK: file, HEADROOM_ENV: "", HEADROOM_CONFIG: "" });
  const { code, out } = await headroom("doctor", "--json");
  const { checks } = JSON.parse(out) as typeof healthy;
  const wrong = checks.filter(({ state }) => state === "fault" || state === "skipped");
  // What is not running here is told, as it would be of a stack that has lost it.
  expect(wrong.map(({ name }) => name)).toEqual(["stripe webhook"]);
  expect(wrong[0]).toMatchObject(faulty(/nobody answers/, /npm start/));
  expect(checks.find(({ name }) => name === "mail")?.found).toBe(`captured at ${mail.url}`);
  expect(code).toBe(1);
  expect(out).not.toContain("whsec_stack");
  // With the ports that its data folder remembers, the rest too.
  const smtp = healthy.checks.find(({ name }) => name === "mail")?.found.split(":")[1];
  writeFileSync(path.join(folder, "ports.json"), JSON.stringify({ smtp: Number(smtp), worker: it.deadPort }));
  const more = JSON.parse((await headroom("doctor", "--json")).out) as typeof healthy;
  const one = (name: string) => more.checks.find((check) => check.name === name);
  expect(one("mail")).toMatchObject({ state: "ok", found: `SMTP at 127.0.0.1:${smtp}` });
  expect(one("worker probe")).toMatchObject(faulty(/nobody answers/, /npm start/));
});
