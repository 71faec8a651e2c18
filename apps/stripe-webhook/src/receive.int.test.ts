import { createHash, createHmac } from "node:crypto";
import { createDatabase } from "@headroom/db/client";
import { renewEvents } from "@headroom/db/inbox-upkeep";
import { withSystem } from "@headroom/db/tenancy";
import { uuidv7 } from "@headroom/platform/uuid";
import { sweepInbox } from "@headroom/service/customer-sync";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { requestsSince } from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWebhookServer } from "./server.ts";

const oldSecret = "whsec_old";
const newSecret = "whsec_new";
const options = {
  host: "127.0.0.1",
  port: 0,
  livemode: false,
  secrets: [newSecret, oldSecret],
  maxBody: 10_000,
  shutdownDelayMs: 0,
};

let bench: StripeBench;
let server: Awaited<ReturnType<typeof startWebhookServer>>;
beforeAll(async () => {
  bench = await createStripeBench();
  server = await startWebhookServer({ ...options, service: bench.webhook });
});
afterAll(async () => {
  await server?.close();
  await bench?.close();
});

function event(more: object = {}): { id: string; body: string } {
  const id = `evt_${uuidv7()}`;
  const data = { object: { id: "ch_1", object: "charge" } };
  const fields = {
    id,
    object: "event",
    type: "charge.succeeded",
    created: 1,
    livemode: false,
    data,
    ...more,
  };
  return { id, body: JSON.stringify(fields) };
}

/** Stripe's scheme: HMAC-SHA256 over time and body (https://docs.stripe.com/webhooks#verify-manually). */
function sign(body: string, secret: string, seconds = Math.floor(Date.now() / 1000)): string {
  const mac = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${mac}`;
}

async function post(body: string, signature: string | null, url = server.url) {
  const response = await fetch(`${url}/stripe`, {
    method: "POST",
    body,
    headers: signature === null ? {} : { "stripe-signature": signature },
  });
  return { status: response.status, body: await response.json() };
}

const kept = async (id: string) =>
  (
    await bench.rows(
      "select status, secret_index, livemode, reason from headroom.stripe_inbox where event_id = $1",
      id,
    )
  )[0];

describe("the signature", () => {
  const now = () => Math.floor(Date.now() / 1000);
  test.each<[string, (body: string) => string | null]>([
    ["is missing", () => null],
    ["is empty", () => ""],
    ["is of another secret", (body) => sign(body, "whsec_other")],
    ["is of another body", (body) => sign(`${body} `, newSecret)],
    ["is 5 minutes old", (body) => sign(body, newSecret, now() - 305)],
    ["is 5 minutes ahead", (body) => sign(body, newSecret, now() + 305)],
    ["has no time", (body) => sign(body, newSecret).replace(/t=\d+,/, "")],
    ["hides a time ahead behind another", (body) => `t=${now()},${sign(body, newSecret, now() + 305)}`],
  ])("that %s is refused without detail, and nothing is kept", async (_, signatureOf) => {
    const { id, body } = event();
    expect(await post(body, signatureOf(body))).toEqual({ status: 400, body: { code: "invalid_signature" } });
    expect(await kept(id)).toBeUndefined();
  });

  test.each([
    ["the new secret", newSecret, 0],
    ["the old secret while both hold", oldSecret, 1],
  ])("of %s is taken", async (_, secret, index) => {
    const { id, body } = event();
    expect((await post(body, sign(body, secret))).status).toBe(200);
    expect(await kept(id)).toMatchObject({ secret_index: index, status: "ignored" });
  });

  test.each([-290, 290])("%i seconds off is taken", async (seconds) => {
    const { body } = event();
    expect((await post(body, sign(body, newSecret, now() + seconds))).status).toBe(200);
  });
});

describe("a signed body", () => {
  test.each([
    ["that is no JSON", "{"],
    ["that is no event", "{}"],
    ["of the thin style", event({ object: "v2.core.event" }).body],
  ])("%s is refused", async (_, body) => {
    expect(await post(body, sign(body, newSecret))).toEqual({
      status: 400,
      body: { code: "validation_failed" },
    });
  });

  test("that is too large is refused unread", async () => {
    const body = event({ padding: "x".repeat(10_000) }).body;
    expect((await post(body, sign(body, newSecret))).status).toBe(413);
  });

  test("of the other mode is put aside with a 200", async () => {
    const { id, body } = event({ livemode: true });
    expect((await post(body, sign(body, newSecret))).status).toBe(200);
    expect(await kept(id)).toMatchObject({ status: "quarantined", livemode: true });
  });

  test("of the other mode that then comes rightly is taken like any other, and not put aside again", async () => {
    const { id, body } = event({ livemode: true });
    const right = JSON.stringify({ ...JSON.parse(body), livemode: false });
    await post(body, sign(body, newSecret));
    expect((await post(right, sign(right, newSecret))).status).toBe(200);
    const taken = { status: "ignored", livemode: false };
    expect(await kept(id)).toMatchObject(taken);
    await post(body, sign(body, newSecret));
    expect(await kept(id)).toMatchObject(taken);
  });

  const theirs = { id: "sub_theirs", object: "subscription", customer: "cus_theirs" };
  const related = { id: "sub_theirs", type: "subscription", url: "/v1/subscriptions/sub_theirs" };
  const created = "2026-11-22T10:00:00Z";
  test.each<[string, object]>([
    [
      "as a snapshot",
      { account: "acct_1T", type: "customer.subscription.updated", data: { object: theirs } },
    ],
    [
      "as a thin event",
      {
        ...{ object: "v2.core.event", type: "v1.customer.subscription.updated", data: undefined },
        ...{ created, context: "acct_1T", related_object: related },
      },
    ],
  ])(
    "of a connected account is put aside with a 200, and Stripe is not asked: %s",
    async (_style, fields) => {
      const { id, body } = event(fields);
      const asked = (await requestsSince(bench.sandboxUrl)).at(-1)?.seq ?? 0;
      expect((await post(body, sign(body, newSecret))).status).toBe(200);
      expect(await kept(id)).toMatchObject({ status: "quarantined", reason: "other_account" });
      await sweepInbox(bench.worker);
      await withSystem(bench.worker.db, (tx) => renewEvents(tx, { eventIds: [id] }, ["-"]));
      await sweepInbox(bench.worker);
      expect(await kept(id)).toMatchObject({ status: "quarantined", reason: "other_account" });
      expect(await requestsSince(bench.sandboxUrl, asked)).toEqual([]);
    },
  );

  test("sent sixteen times at once is kept once, with a 200 each", async () => {
    const { id, body } = event();
    const answers = await Promise.all(Array.from({ length: 16 }, () => post(body, sign(body, newSecret))));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect(await bench.rows("select 1 from headroom.stripe_inbox where event_id = $1", id)).toHaveLength(1);
  });

  test("that cannot be stored whole is put aside, and those beside it are kept as they are", async () => {
    const bad = event({ data: { object: { id: "ch_1", object: "charge", description: "\u0000" } } });
    const all = [event(), bad, event(), event()];
    const answers = await Promise.all(all.map(({ body }) => post(body, sign(body, newSecret))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await Promise.all(all.map(async ({ id }) => (await kept(id))?.status))).toEqual([
      "ignored",
      "quarantined",
      "ignored",
      "ignored",
    ]);
  });

  test("with bytes that are no text is kept, legibly", async () => {
    const { id, body } = event({ note: "MARK" });
    const bytes = Buffer.concat(
      body
        .split("MARK")
        .flatMap((part, index) => (index === 0 ? [] : [Buffer.from([0xff])]).concat(Buffer.from(part))),
    );
    const signature = sign(bytes.toString("utf8"), newSecret);
    const response = await fetch(`${server.url}/stripe`, {
      method: "POST",
      body: bytes,
      headers: { "stripe-signature": signature },
    });
    expect(response.status).toBe(200);
    const [row] = await bench.rows(
      "select payload ->> 'note' as note from headroom.stripe_inbox where event_id = $1",
      id,
    );
    expect(row?.note).toBe("\ufffd");
  });

  test("is answered 503 and not kept where too many wait", async () => {
    const full = await startWebhookServer({ ...options, service: bench.webhook, inbox: { queue: 0 } });
    const { id, body } = event();
    const headers = { "stripe-signature": sign(body, newSecret) };
    const answer = await fetch(`${full.url}/stripe`, { method: "POST", body, headers });
    await full.close();
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await answer.json()).toEqual({ code: "unavailable" });
    expect(await kept(id)).toBeUndefined();
  });

  test("is answered 503 while the database is down, so that Stripe sends it again", async () => {
    const db = createDatabase({
      connectionString: "postgres://nobody@127.0.0.1:1/none",
      role: "hr_webhook",
      applicationName: "headroom-test",
    });
    const down = await startWebhookServer({ ...options, service: { ...bench.webhook, db } });
    try {
      const { body } = event();
      expect(await post(body, sign(body, newSecret), down.url)).toEqual({
        status: 503,
        body: { code: "unavailable" },
      });
    } finally {
      await down.close();
      await db.close();
    }
  });
});

test("only POST /stripe is there, and health", async () => {
  expect((await fetch(`${server.url}/stripe`)).status).toBe(405);
  expect((await fetch(`${server.url}/other`, { method: "POST" })).status).toBe(404);
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
});

describe("an event that PostgreSQL cannot store", () => {
  const customer = { id: "cus_odd", object: "customer" };
  const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const withObject = (object: string) => {
    const { id, body } = event({ type: "customer.updated" });
    return { id, body: body.replace(/"data":\{.*\}\}/, `"data":{"object":${object}}}`) };
  };
  const odd: [string, string][] = [
    ["a NUL in a text", `{"id":"cus_odd","object":"customer","name":"a\\u0000b"}`],
    ["half of a character", `{"id":"cus_odd","object":"customer","name":"\\ud800"}`],
    ["a number beyond all bounds", `{"id":"cus_odd","object":"customer","balance":1e200000}`],
    ["nesting without end", `{"id":"cus_odd","object":"customer","name":${deep(200_000)}}`],
  ];

  test.each(odd)("is kept without its body and answered 200: %s", async (_what, object) => {
    const roomy = await startWebhookServer({ ...options, maxBody: 1_000_000, service: bench.webhook });
    try {
      const { id, body } = withObject(object);
      expect(await post(body, sign(body, newSecret), roomy.url)).toMatchObject({ status: 200 });
      expect(await post(body, sign(body, newSecret), roomy.url)).toMatchObject({ status: 200 });
      const rows = await bench.rows(
        `select status, reason, payload is null as bare, customer_id, encode(raw_sha256, 'hex') as hash
         from headroom.stripe_inbox where event_id = $1`,
        id,
      );
      const hash = createHash("sha256").update(body).digest("hex");
      expect(rows).toEqual([
        { status: "quarantined", reason: "unstorable", bare: true, customer_id: customer.id, hash },
      ]);
    } finally {
      await roomy.close();
    }
  });

  test("beside others that can be: they are kept", async () => {
    const [bad, good] = [withObject(odd[0]?.[1] ?? ""), event()];
    const posted = [bad, good, bad].map(({ body }) => post(body, sign(body, newSecret)));
    expect((await Promise.all(posted)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await kept(good.id)).toMatchObject({ status: "ignored" });
  });

  test("is applied without its body, once somebody asks for it", async () => {
    const { id, body } = withObject(odd[0]?.[1] ?? "");
    await post(body, sign(body, newSecret));
    const [replayed] = await withSystem(bench.worker.db, (tx) => renewEvents(tx, { eventIds: [id] }, ["-"]));
    expect(replayed).toBe(id);
  });

  test.each(["evt_a\u0000b", ""])("and has no id that can be kept: 400, and nothing is", async (id) => {
    const { body } = event({ id });
    expect(await post(body, sign(body, newSecret))).toEqual({
      status: 400,
      body: { code: "validation_failed" },
    });
  });
});
