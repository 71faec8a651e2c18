import { createHeadroomClient, type HeadroomClient } from "@headroom/client";
import type { ReadyStack } from "./stack.ts";

/** Posts JSON and answers the JSON that comes back. @throws Error with the body for any other status than 2xx */
export async function post<Answer>(url: string, body: object): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) {
    throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  }
  return (await response.json()) as Answer;
}

/** An access token of the local issuer, which the api takes the person's name from. */
export async function tokenOf(stack: ReadyStack, email: string, name = email.split("@")[0]): Promise<string> {
  const { accessToken } = await post<{ accessToken: string }>(`${stack.issuer}/dev/token`, { email, name });
  return accessToken;
}

/** A client for a person, signed in at the local issuer. */
export async function signIn(stack: ReadyStack, email: string, name?: string): Promise<HeadroomClient> {
  return createHeadroomClient({ url: stack.api, token: await tokenOf(stack, email, name) });
}

/** An organization with its owner, and a key that meters its usage. */
export async function makeOrganization(
  stack: ReadyStack,
  name: string,
): Promise<{ owner: HeadroomClient; organizationId: string; key: string; backEnd: HeadroomClient }> {
  const owner = await signIn(stack, `${name}@example.com`);
  const { id: organizationId } = await owner.organizations.create.mutate({ name });
  const { secret: key } = await owner.apiKeys.create.mutate({
    organizationId,
    name: "back end",
    scopes: ["usage:write"],
  });
  if (key === null) {
    throw new Error("a new key is shown once");
  }
  return { owner, organizationId, key, backEnd: createHeadroomClient({ url: stack.api, apiKey: key }) };
}

/** Reads until the answer is as it should be; the last answer is in the error when that takes too long. */
export async function until<Value>(
  read: () => Promise<Value>,
  isThere: (value: Value) => boolean,
  seconds = 30,
): Promise<Value> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await read();
    if (isThere(value)) {
      return value;
    }
    if (Date.now() > deadline) {
      throw new Error(`not so within ${seconds} s: ${JSON.stringify(value)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Pays a plan in the sandbox's checkout and waits for the webhook's effect. */
export async function subscribe(
  stack: ReadyStack,
  owner: HeadroomClient,
  organizationId: string,
  planId: string,
): Promise<void> {
  const { checkoutUrl } = await owner.billing.checkout.mutate({ organizationId, planId });
  const session = /cs_\w+/.exec(checkoutUrl)?.[0];
  await post(`${stack.stripe}/_sandbox/checkout/${session}/complete`, {});
  await until(
    () => owner.billing.get.query({ organizationId }),
    (billing) => billing.plan.id === planId && billing.status === "active",
  );
}
