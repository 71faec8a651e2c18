import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { createHealth } from "@headroom/platform/health";
import { type HttpServer, startHttpServer } from "@headroom/platform/http";
import type { Logger } from "@headroom/platform/log";
import { refusePublicName } from "../loopback.ts";
import { signingKey } from "./keys.ts";
import { createProvider } from "./provider.ts";
import { answerSignIn } from "./sign-in.ts";
import { openIssuerStore } from "./store.ts";
import { readPerson, type TokenMaker, tokenMaker } from "./tokens.ts";

export type IssuerOptions = {
  host: string;
  /** Part of the issuer's name, so it must stay the same for tokens to stay valid. */
  port: number;
  /** Keeps the signing key. */
  keyFile: string;
  /** Keeps who is signed in. */
  sessionFile: string;
  audience: string;
  /** The client that may sign people in: the console. */
  clientId: string;
  /** Who is offered on the sign-in page. */
  people: readonly { email: string; name: string }[];
  log: Logger;
};

const send = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
};

const answerDevToken = async (
  request: IncomingMessage,
  response: ServerResponse,
  makeToken: TokenMaker,
): Promise<void> => {
  const person = readPerson(await json(request).catch(() => null));
  if (person === null) {
    send(response, 400, { error: "invalid_request", error_description: "{email, name?, emailVerified?}" });
    return;
  }
  send(response, 200, { accessToken: await makeToken(person) });
};

/**
 * An OpenID issuer for development: sign-in by code and PKCE as with any provider, on a page that asks for no
 * password, and `POST /dev/token {email, name?, emailVerified?}` → `{accessToken}`, a token for anybody without asking.
 */
export const startIssuer = async (options: IssuerOptions): Promise<HttpServer> => {
  const { host, port, audience, clientId, log } = options;
  const issuer = `http://${host}:${port}`;
  const key = await signingKey(options.keyFile);
  const makeToken = await tokenMaker(key, issuer, audience);
  const store = openIssuerStore(options.sessionFile);
  const { provider, people } = createProvider({ issuer, key, store, clientId, audience });
  const serveProvider = provider.callback();
  const signIn = { provider, people, offered: options.people };
  return startHttpServer({
    host,
    port,
    health: createHealth({}),
    log,
    handle: ({ request, response }) => {
      if (refusePublicName(request, response)) return;
      if (request.url?.startsWith("/sign-in/")) return answerSignIn(signIn, request, response);
      if (request.method === "POST" && request.url === "/dev/token") {
        return answerDevToken(request, response, makeToken);
      }
      return serveProvider(request, response);
    },
  });
};
