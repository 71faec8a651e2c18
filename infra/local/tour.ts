/** `npm run tour`: the main job, end to end, as a customer would do it: only the client, HTTP and the CLI. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { createHeadroomClient, type HeadroomClient } from "@headroom/client";
import colors from "picocolors";
import type { StackFile } from "./addresses.ts";
import { openEndpoint } from "./customer-endpoint.ts";
import { sharedStackFile } from "./stack-file.ts";

const root = path.resolve(import.meta.dirname, "..", "..");
const stackFile = process.env.HEADROOM_STACK ?? sharedStackFile(root);
const stack: StackFile = JSON.parse(readFileSync(stackFile, "utf8"));

/** One line of the table: what was done and what the answer said. */
function show(step: string, answer: string): void {
  process.stdout.write(`  ${colors.green("✓")} ${step.padEnd(46)} ${colors.dim(answer)}\n`);
}

/** The tour is a check as well: an answer that is not what it should be ends it. */
function expectThat(truth: boolean, what: string, seen: unknown): asserts truth {
  if (!truth) throw new Error(`expected ${what}, got ${JSON.stringify(seen)}`);
}

async function until<Value>(
  what: string,
  read: () => Promise<Value>,
  isThere: (value: Value) => boolean,
): Promise<Value> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await read();
    if (isThere(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`${what} did not happen within 30 s: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function post<Answer>(url: string, body: object): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

async function signIn(email: string, name: string): Promise<HeadroomClient> {
  const { accessToken } = await post<{ accessToken: string }>(`${stack.issuer}/dev/token`, { email, name });
  return createHeadroomClient({ url: stack.api, token: accessToken });
}

async function mailTo(address: string): Promise<{ subject: string; text: string }> {
  type Message = { to: string; subject: string; text: string };
  const read = async () => (await (await fetch(`${stack.mail}/messages`)).json()) as Message[];
  const messages = await until("the mail", read, (all) => all.some((one) => one.to.includes(address)));
  return messages.find((one) => one.to.includes(address)) as Message;
}

/** Ada gives Grace work: Grace, who is connected, hears of it, and so does the endpoint of the organization. */
async function assign(
  ada: HeadroomClient,
  grace: HeadroomClient,
  team: { organizationId: string; userId: string },
): Promise<void> {
  const { organizationId, userId } = team;
  const endpoint = await openEndpoint();
  const heard: string[] = [];
  const screen = grace.events.subscribe.subscribe(
    { organizationId },
    { onData: ({ data }) => heard.push(data.name), onError: (error) => heard.push(error.message) },
  );
  const hears = (name: string) =>
    until(
      name,
      async () => heard,
      (all) => all.includes(name),
    );
  try {
    const events = ["conversation_assigned" as const];
    const webhook = await ada.webhooks.create.mutate({ organizationId, url: endpoint.url, events });
    endpoint.setSecret(webhook.secret ?? "");
    await hears("subscribed");
    const subject = "Refund of order 1742";
    const { id: conversationId } = await ada.conversations.create.mutate({ organizationId, subject });
    await ada.conversations.assign.mutate({ organizationId, conversationId, userId });
    await hears("conversation_assigned");
    show("Ada assigns Grace a conversation, live", heard.at(-1) ?? "");

    const arrived = async () => endpoint.messages[0];
    const message = await until("the webhook", arrived, (first) => first !== undefined);
    expectThat(message?.data.subject === subject, "the conversation in the webhook", message);
    show("a signed webhook tells their back end", `${message.type}, event ${message.data.seq}`);
  } finally {
    screen.unsubscribe();
    endpoint.close();
  }
}

async function tour(): Promise<void> {
  const { stripe, mail: captured } = stack;
  expectThat(stripe !== null && captured !== null, "a stack with the local Stripe and mail", {
    stripe,
    mail: captured,
  });
  const run = Date.now().toString(36);
  const ada = await signIn(`ada+${run}@tour.test`, "Ada");
  const grace = await signIn(`grace+${run}@tour.test`, "Grace");

  const { id: organizationId, slug } = await ada.organizations.create.mutate({ name: `Tour ${run}` });
  show("Ada makes an organization", slug);

  const invited = await ada.invites.create.mutate({ organizationId, email: `grace+${run}@tour.test` });
  const mail = await mailTo(`grace+${run}@tour.test`);
  show("invites Grace, who gets a mail", `${invited.emailDelivery}: ${mail.subject}`);

  const token = /[?&]token=([\w-]+)/.exec(mail.text)?.[1] ?? "";
  await grace.invites.accept.mutate({ token });
  const { members } = await ada.members.list.query({ organizationId });
  expectThat(members.length === 2, "two members", members);
  show("Grace accepts", members.map((member) => `${member.name} ${member.role}`).join(", "));

  const userId = members.find((member) => member.name === "Grace")?.id ?? "";
  await assign(ada, grace, { organizationId, userId });

  await ada.alerts.create.mutate({ organizationId, meter: "pages", window: "day", percent: 80 });
  const { secret } = await ada.apiKeys.create.mutate({
    organizationId,
    name: "back end",
    scopes: ["usage:write"],
  });
  const backEnd = createHeadroomClient({ url: stack.api, apiKey: secret ?? "" });
  const pages = await backEnd.usage.consume.mutate({ meter: "pages", quantity: 1000 });
  const full = await backEnd.usage.consume.mutate({ meter: "pages", quantity: 1 });
  expectThat(pages.allowed && full.reason === "daily_limit", "the daily limit", full);
  show("the back end uses 1,000 pages, then one more", `${full.reason}, resets ${full.windows.day.resetsAt}`);
  const told = await mailTo(`ada+${run}@tour.test`);
  show("80 % of the day's pages: Ada is told, once", told.subject);

  const { checkoutUrl } = await ada.billing.checkout.mutate({ organizationId, planId: "pro" });
  const session = /cs_\w+/.exec(checkoutUrl)?.[0];
  await post(`${stack.stripe}/_sandbox/checkout/${session}/complete`, {});
  const billing = () => ada.billing.get.query({ organizationId });
  const plan = await until("the webhook", billing, (now) => now.plan.id === "pro" && now.status === "active");
  const { seats } = await ada.members.list.query({ organizationId });
  expectThat(seats.limit === 5, "five seats", seats);
  show(
    "Ada pays for pro; Stripe's webhook arrives",
    `${plan.plan.displayName}, ${seats.used} of ${seats.limit} seats`,
  );

  const { reservation } = await backEnd.usage.reserve.mutate({ meter: "jobs", quantity: 100 });
  const used = await backEnd.usage.commit.mutate({ reservationId: reservation?.id ?? "", quantity: 60 });
  expectThat(used.remaining === 40, "40 jobs left", used);
  show("the back end holds 100 jobs, uses 60 of them", `${used.remaining} are free again`);

  const included = await backEnd.usage.consume.mutate({ meter: "jobs", quantity: 40 });
  const capped = await backEnd.usage.consume.mutate({ meter: "jobs", quantity: 1 });
  expectThat(included.allowed && capped.reason === "hard_cap", "the hard cap", capped);
  show("100 jobs are included; the next one", `${capped.reason} at ${capped.hardCap}`);

  const raised = await ada.organizations.setMaxOverages.mutate({ organizationId, meter: "jobs", units: 50 });
  const over = await backEnd.usage.consume.mutate({ meter: "jobs", quantity: 37 });
  expectThat(over.overage === 37 && over.remaining === 13, "37 units of overage", over);
  show(
    "Ada allows 50 more; 37 are used",
    `overage ${over.overage} of ${over.maxOverage} at ${raised.meters.find((one) => one.meter === "jobs")?.unitPrice} cents`,
  );

  const history = await ada.usage.history.query({ organizationId, days: 1, meter: "jobs" });
  expectThat(history.days[0]?.meters[0]?.used === 137, "137 jobs today", history);
  show("usage by day", `${history.days[0].date}: ${history.days[0].meters[0].used} jobs`);

  const { upcoming } = await ada.billing.invoices.query({ organizationId });
  const line = upcoming?.overage.find((one) => one.meter === "jobs");
  expectThat(line?.amount === 93, "an overage line of 93 cents (37 × 2.5, half up)", upcoming);
  show(
    "the next invoice will have",
    `${line.quantity} jobs × ${line.unitPrice} = ${line.amount} ${upcoming?.currency} cents`,
  );

  const renewal = new Date(Date.parse(plan.period?.end ?? "") + 2 * 60 * 60 * 1000).toISOString();
  await post(`${stack.stripe}/_sandbox/clock/advance`, { to: renewal });
  const invoices = () => ada.billing.invoices.query({ organizationId });
  const { invoices: billed } = await until(
    "the renewal",
    invoices,
    (now) => now.invoices.length === 2 && now.invoices.every((one) => one.status === "paid"),
  );
  const renewed = billed.find((invoice) => invoice.lines.some((one) => one.amount === 93));
  expectThat(renewed?.total === 2900 + 93, "2,993 cents on the renewal", billed);
  show(
    "a month later Stripe bills the renewal",
    `${renewed.total} ${renewed.currency} cents, ${renewed.status}`,
  );

  const { usage } = {
    usage: (await ada.usage.get.query({ organizationId })).meters.find((one) => one.meter === "jobs"),
  };
  expectThat(usage?.monthlyUsed === 0 && usage.dailyUsed === 0, "a new period at 0", usage);
  show("the new period begins", `${usage.monthlyUsed} of ${usage.included} jobs`);

  const cli = [
    path.join(root, "apps/cli/src/main.ts"),
    "usage",
    "verify",
    "--organization",
    organizationId,
    "--json",
  ];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", ...cli],
    { env: { ...process.env, HEADROOM_STACK: stackFile } },
  );
  const verified: { checked: number; mismatches: unknown[] } = JSON.parse(stdout);
  expectThat(
    verified.checked > 0 && verified.mismatches.length === 0,
    "counters that equal the recount",
    verified,
  );
  show("headroom usage verify", `${verified.checked} counters equal the recount`);
}

process.stdout.write(`\n  ${colors.bold("The tour")}: the main job, on real parts\n\n`);
try {
  await tour();
  process.stdout.write("\n");
} catch (error) {
  process.stderr.write(`\n  ${colors.red("✗")} ${error instanceof Error ? error.message : error}\n\n`);
  process.exitCode = 1;
}
