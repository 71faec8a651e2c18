import { readFileSync } from "node:fs";
import { createHeadroomClient, type HeadroomClient } from "@headroom/client";

/** The addresses of a development stack that a story needs. */
export interface DevelopmentStack {
  api: string;
  /** The local Stripe. */
  stripe: string;
  issuer: string;
}

const missing =
  "headroom seed needs this checkout's development stack, with its own Stripe and issuer: npm start";

/**
 * The development stack that a file such as `.headroom/stack.json` describes; null: there is no file.
 * @throws Error when there is none, or it has another Stripe or issuer than its own
 */
export function readDevelopmentStack(file: string | null): DevelopmentStack {
  if (file === null) throw new Error(missing);
  const { api, stripe, issuer } = JSON.parse(readFileSync(file, "utf8")) as Partial<
    Record<keyof DevelopmentStack, string | null>
  >;
  if (!api || !stripe || !issuer) throw new Error(missing);
  return { api, stripe, issuer };
}

/** Posts JSON, or a form where the fields are one, and answers the JSON that comes back. @throws Error for another status than 2xx */
export async function post<Answer>(url: string, body: object | URLSearchParams): Promise<Answer> {
  const isForm = body instanceof URLSearchParams;
  const response = await fetch(url, {
    method: "POST",
    headers: isForm ? { authorization: "Bearer sk_test_demo" } : { "content-type": "application/json" },
    body: isForm ? body : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** A client for a person, signed in at the stack's issuer. */
export async function signIn(
  stack: DevelopmentStack,
  person: { email: string; name: string },
): Promise<HeadroomClient> {
  const { email, name } = person;
  const { accessToken } = await post<{ accessToken: string }>(`${stack.issuer}/dev/token`, { email, name });
  return createHeadroomClient({ url: stack.api, token: accessToken });
}

/** Reads until the answer is as it should be. @throws Error with the last answer when that takes 30 s */
export async function until<Value>(
  what: string,
  read: () => Promise<Value>,
  isThere: (value: Value) => boolean,
): Promise<Value> {
  for (const deadline = Date.now() + 30_000; ; ) {
    const value = await read();
    if (isThere(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not happen in 30 s: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
