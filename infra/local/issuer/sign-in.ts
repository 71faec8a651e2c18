import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { errors, type Provider } from "oidc-provider";
import { messagePage, signInPage } from "./pages.ts";
import type { People } from "./people.ts";
import { type Person, readPerson } from "./tokens.ts";

export type SignIn = {
  provider: Provider;
  people: People;
  /** Who is offered. */
  offered: readonly { email: string; name: string }[];
};

// A form's target may lead on to the program that asked, which is another port of this machine.
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' http://127.0.0.1:* http://localhost:*";

const sendPage = (response: ServerResponse, status: number, page: string): void => {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": policy,
  });
  response.end(page);
};

/** What the form says, and the person it names; null where the address is none. */
const readForm = (form: URLSearchParams): { filled: Person; person: Person | null } => {
  const name = form.get("name")?.trim() ?? "";
  const filled = {
    email: form.get("email")?.trim() ?? "",
    emailVerified: form.get("verified") === "yes",
    ...(name !== "" && { name }),
  };
  return { filled, person: readPerson(filled) };
};

const answer = async (
  { provider, people, offered }: SignIn,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const { params } = await provider.interactionDetails(request, response);
  const hint = typeof params.login_hint === "string" ? params.login_hint : "";
  if (request.method !== "POST") {
    sendPage(response, 200, signInPage({ people: offered, hint, problem: null, filled: null }));
    return;
  }
  const { filled, person } = readForm(new URLSearchParams(await text(request)));
  if (person === null) {
    const problem = "That is not an e-mail address.";
    sendPage(response, 400, signInPage({ people: offered, hint, problem, filled }));
    return;
  }
  const known = offered.find(({ email }) => email.toLowerCase() === person.email.toLowerCase());
  // An address typed without a name is still whoever is known by it.
  const login = { accountId: people.remember({ ...(known && { name: known.name }), ...person }) };
  await provider.interactionFinished(request, response, { login, select_account: {}, consent: {} });
};

/** The page on which somebody signs in, `/sign-in/{uid}`. Only the browser that was sent there may answer it. */
export const answerSignIn = async (
  signIn: SignIn,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  try {
    await answer(signIn, request, response);
  } catch (error) {
    if (!(error instanceof errors.SessionNotFound)) throw error;
    const again = "Go back to the page that sent you here and sign in again.";
    sendPage(response, 400, messagePage("This sign-in has expired", again));
  }
};
