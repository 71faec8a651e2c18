import { createHeadroomClient, type HeadroomClient } from "@headroom/client";
import { type CastOrganization, people } from "./cast.ts";
import { type DevelopmentStack, post, signIn, until } from "./development-stack.ts";

/** An organization of the demo that exists. */
export interface Team {
  cast: CastOrganization;
  organizationId: string;
  owner: HeadroomClient;
  /** Its own back end, which meters. */
  backEnd: HeadroomClient;
  key: string;
  /** The ids of its people, in the order of the cast. */
  userIds: string[];
}

/** How an organization comes to plan pro. */
export type Purchase = "checkout" | "trial";

const plan = "pro";
const trialDays = 14;

/** Makes an organization as its owner does: created, on plan pro, its key made, its people invited and in. */
export async function foundTeam(
  stack: DevelopmentStack,
  cast: CastOrganization,
  purchase: Purchase,
): Promise<Team> {
  const owner = await signIn(stack, personOf(cast.owner));
  const { name, slug } = cast;
  const { id: organizationId } = await owner.organizations.create.mutate({ name, slug });
  await (purchase === "checkout"
    ? payCheckout(stack, owner, organizationId)
    : startTrial(stack, owner, organizationId, cast));
  if (cast.seatsBought > 0) {
    await owner.billing.setSeats.mutate({ organizationId, seats: cast.seatsBought });
  }
  const scopes = ["usage:write" as const, "usage:read" as const, "billing:read" as const];
  const [{ secret: key }] = await Promise.all([
    owner.apiKeys.create.mutate({ organizationId, name: "Back end", scopes }),
    admit(stack, owner, organizationId, cast),
  ]);
  if (key === null) throw new Error("a new key is shown once");
  const backEnd = createHeadroomClient({ url: stack.api, apiKey: key });
  return { cast, organizationId, owner, backEnd, key, userIds: await idsOf(owner, organizationId, cast) };
}

/** The customer's card is declined from now on, as if it had expired. */
export async function breakCard({ owner, organizationId }: Team): Promise<void> {
  const { portalUrl } = await owner.billing.portal.mutate({ organizationId });
  const body = new URLSearchParams({ card: "pm_card_chargeCustomerFail" });
  const answer = await fetch(`${portalUrl}/card`, { method: "POST", body, redirect: "manual" });
  if (answer.status !== 303) throw new Error(`Stripe's portal answered ${answer.status}`);
}

async function payCheckout(
  stack: DevelopmentStack,
  owner: HeadroomClient,
  organizationId: string,
): Promise<void> {
  const { checkoutUrl } = await owner.billing.checkout.mutate({ organizationId, planId: plan });
  await post(`${stack.stripe}/_sandbox/checkout/${/cs_\w+/.exec(checkoutUrl)?.[0]}/complete`, {});
  await reach(owner, organizationId, "active");
}

/** A trial that sales grants in Stripe's dashboard: pro itself has none. The card is there for its end. */
async function startTrial(
  stack: DevelopmentStack,
  owner: HeadroomClient,
  organizationId: string,
  { name, owner: email }: CastOrganization,
): Promise<void> {
  const stripe = `${stack.stripe}/v1`;
  const { id: customer } = await post<{ id: string }>(
    `${stripe}/customers`,
    new URLSearchParams({ email, name, "metadata[headroom_organization]": organizationId }),
  );
  const attach = `${stripe}/payment_methods/pm_card_visa/attach`;
  const { id: card } = await post<{ id: string }>(attach, new URLSearchParams({ customer }));
  await post(
    `${stripe}/subscriptions`,
    new URLSearchParams({
      customer,
      "items[0][price]": await priceOfPlan(stripe),
      trial_period_days: String(trialDays),
      default_payment_method: card,
    }),
  );
  await reach(owner, organizationId, "trialing");
}

async function priceOfPlan(stripe: string): Promise<string> {
  const response = await fetch(`${stripe}/prices?active=true&limit=100`, {
    headers: { authorization: "Bearer sk_test_demo" },
  });
  type Price = { id: string; metadata: Record<string, string> };
  const { data } = (await response.json()) as { data: Price[] };
  const found = data.find(
    (one) => one.metadata.headroom_plan === plan && one.metadata.headroom_role === "plan",
  );
  if (found === undefined) throw new Error(`the local Stripe has no price for ${plan}: headroom plans push`);
  return found.id;
}

async function reach(
  owner: HeadroomClient,
  organizationId: string,
  status: "active" | "trialing",
): Promise<void> {
  const read = () => owner.billing.get.query({ organizationId });
  await until("the subscription", read, (now) => now.plan.id === plan && now.status === status);
}

/** Invites everybody but the owner, who accept. */
async function admit(
  stack: DevelopmentStack,
  owner: HeadroomClient,
  organizationId: string,
  { admins, members }: CastOrganization,
): Promise<void> {
  const invites = [
    ...admins.map((email) => ({ email, role: "admin" as const })),
    ...members.map((email) => ({ email, role: "member" as const })),
  ];
  const { results } = await owner.invites.bulk.mutate({ organizationId, invites });
  await Promise.all(
    results.map(async ({ email, invite, error }) => {
      const token = /[?&]token=([\w-]+)/.exec(invite?.inviteUrl ?? "")?.[1];
      if (token === undefined) throw new Error(`${email} was not invited: ${error?.message ?? "no link"}`);
      const person = await signIn(stack, personOf(email));
      await person.invites.accept.mutate({ token });
    }),
  );
}

async function idsOf(
  owner: HeadroomClient,
  organizationId: string,
  { owner: first, admins, members }: CastOrganization,
): Promise<string[]> {
  const { members: found } = await owner.members.list.query({ organizationId, limit: 200 });
  return [first, ...admins, ...members].map((email) => {
    const member = found.find((one) => one.email === email);
    if (member === undefined) throw new Error(`${email} is no member`);
    return member.id;
  });
}

/** Somebody of the cast. @throws Error for anybody else */
export function personOf(email: string): { email: string; name: string } {
  const person = people.find((one) => one.email === email);
  if (person === undefined) throw new Error(`${email} is not of the cast`);
  return person;
}
