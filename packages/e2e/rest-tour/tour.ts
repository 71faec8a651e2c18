/**
 * The main job over REST, with a client that was generated from openapi.json and nothing of ours: what is not as it
 * should be ends it. `headroom.ts` beside it is generated.
 */
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./headroom.ts";

type Environment = Readonly<
  Record<"HEADROOM_URL" | "STRIPE_URL" | "OWNER" | "INVITED" | "INVITED_EMAIL", string>
>;
type Problem = components["schemas"]["Problem"];

const { HEADROOM_URL, STRIPE_URL, OWNER, INVITED, INVITED_EMAIL } = process.env as unknown as Environment;

function callAs(credential: string): Client<paths> {
  return createClient<paths>({ baseUrl: HEADROOM_URL, headers: { authorization: `Bearer ${credential}` } });
}

function say(step: string, seen: unknown): void {
  process.stdout.write(`${step}: ${seen}\n`);
}

/** What was answered. @throws Error when the call was refused */
function answered<Data>({ data, error }: { data?: Data; error?: Problem }): Data {
  if (data === undefined) throw new Error(`${error?.code}: ${error?.detail}`);
  return data;
}

/** Why it was refused. @throws Error when it was not */
function refused<Refusal extends Problem>({ error }: { data?: unknown; error?: Refusal }): Refusal {
  if (error === undefined) throw new Error("expected a refusal");
  return error;
}

const owner = callAs(OWNER);
const invited = callAs(INVITED);

const organization = answered(await owner.POST("/v1/organizations", { body: { name: "Rest & Co" } }));
const params = { path: { organization_id: organization.id } };
say("organization", `${organization.role} of ${organization.name}`);

const invite = answered(
  await owner.POST("/v1/organizations/{organization_id}/invites", {
    params: { ...params, header: { "Idempotency-Key": organization.id } },
    body: { email: INVITED_EMAIL },
  }),
);
const token = new URL(invite.invite_url ?? "").searchParams.get("token") ?? "";
answered(await invited.POST("/v1/invites/accept", { body: { token } }));
const { members, seats } = answered(
  await owner.GET("/v1/organizations/{organization_id}/members", { params }),
);
say("members", `${members.map(({ role }) => role).join(", ")}; ${seats.used} of ${seats.limit} seats`);

const full = refused(
  await owner.POST("/v1/organizations/{organization_id}/invites", {
    params,
    body: { email: "one-too-many@example.com" },
  }),
);
if (full.status !== 402) throw new Error(full.detail);
const seatCode: "seat_limit_reached" = full.code;
say("a third", `${full.status} ${seatCode}, ${full.details.available} available`);

const key = answered(
  await owner.POST("/v1/organizations/{organization_id}/api-keys", {
    params,
    body: { name: "back end", scopes: ["usage:write"] },
  }),
);
const backEnd = callAs(key.secret ?? "");
const event = { meter: "jobs", quantity: 10, idempotency_key: "all-of-them" };
const taken = answered(await backEnd.POST("/v1/usage/consume", { body: event }));
const again = answered(await backEnd.POST("/v1/usage/consume", { body: event }));
say("consumed", `${taken.accepted_quantity}, ${again.duplicate ? "once" : "twice"}, ${taken.remaining} left`);

const more = await backEnd.POST("/v1/usage/consume", { body: { meter: "jobs", quantity: 1 } });
const limit = refused(more);
if (limit.status !== 429) throw new Error(limit.detail);
const limitCode: "daily_limit" | "hard_cap" | "rate_limited" = limit.code;
say("one more", `${limit.status} ${limitCode} ${more.response.headers.get("content-type")}`);

const { checkout_url } = answered(
  await owner.POST("/v1/organizations/{organization_id}/checkout", { params, body: { plan_id: "pro" } }),
);
// Stripe's periods begin with a whole second: what was used before is to lie before it.
await new Promise((resolve) => setTimeout(resolve, 1_100));
const session = /cs_\w+/.exec(checkout_url)?.[0];
await fetch(`${STRIPE_URL}/_sandbox/checkout/${session}/complete`, { method: "POST" });
const deadline = Date.now() + 30_000;
for (;;) {
  const { plan, status } = answered(await owner.GET("/v1/organizations/{organization_id}/plan", { params }));
  if (plan.id === "pro" && status === "active") break;
  if (Date.now() > deadline) throw new Error(`still ${plan.id}, ${status}`);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const after = answered(await backEnd.POST("/v1/usage/consume", { body: { meter: "jobs", quantity: 1 } }));
say("paid", `${after.remaining} left`);

const { usage, meters } = answered(await owner.GET("/v1/organizations/{organization_id}/usage", { params }));
const jobs = meters.find(({ meter }) => meter === "jobs");
say(
  "usage",
  `${jobs?.monthly_used} of ${jobs?.included} ${jobs?.meter}, ${usage.monthly_used} ${usage.meter}`,
);

const { days } = answered(
  await owner.GET("/v1/organizations/{organization_id}/usage/history", {
    params: { ...params, query: { days: 1, meter: "jobs" } },
  }),
);
say("history", `${days.length} day, ${days[0]?.meters[0]?.used}`);

const actions: string[] = [];
let cursor: string | null = null;
do {
  const page: components["schemas"]["AuditPage"] = answered(
    await owner.GET("/v1/organizations/{organization_id}/audit", {
      params: { ...params, query: { limit: 2, ...(cursor === null ? {} : { cursor }) } },
    }),
  );
  actions.push(...page.entries.map(({ action }) => action));
  cursor = page.next_cursor;
} while (cursor !== null);
say("audit", actions.toReversed().join(" "));

const stranger = refused(
  await callAs("hr_test_nobody").GET("/v1/organizations/{organization_id}", { params }),
);
say("a stranger", `${stranger.status} ${stranger.code}`);
const elsewhere = refused(
  await invited.GET("/v1/organizations/{organization_id}", {
    params: { path: { organization_id: "org_0198c0de-0000-7000-8000-000000000000" } },
  }),
);
if (elsewhere.status === 404) {
  const code: "organization_not_found" | "user_not_found" = elsewhere.code;
  say("elsewhere", `${elsewhere.status} ${code}`);
}
