import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { createHealth } from "@headroom/platform/health";
import { type HttpServer, startHttpServer } from "@headroom/platform/http";
import type { Logger } from "@headroom/platform/log";
import { Provider } from "oidc-provider";
import { algorithm, signingKey } from "./keys.ts";
import { readPerson, type TokenMaker, tokenMaker } from "./tokens.ts";

export type IssuerOptions = {
  host: string;
  /** Part of the issuer's name, so it must stay the same for tokens to stay valid. */
  port: number;
  /** Keeps the signing key. */
  keyFile: string;
  audience: string;
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
 * An OpenID issuer for development: discovery and keys as any provider has them, and
 * `POST /dev/token {email, name?, emailVerified?}` → `{accessToken}`, a token for anybody without asking.
 */
export const startIssuer = async (options: IssuerOptions): Promise<HttpServer> => {
  const issuer = `http://${options.host}:${options.port}`;
  const key = await signingKey(options.keyFile);
  const makeToken = await tokenMaker(key, issuer, options.audience);
  const provider = new Provider(issuer, {
    jwks: { keys: [key as { kty: string }] },
    enabledJWA: { idTokenSigningAlgValues: [algorithm] },
    claims: { email: ["email", "email_verified"], profile: ["name"] },
    features: { devInteractions: { enabled: false } },
  });
  const serveProvider = provider.callback();
  return startHttpServer({
    host: options.host,
    port: options.port,
    health: createHealth({}),
    log: options.log,
    handle: ({ request, response }) =>
      request.method === "POST" && request.url === "/dev/token"
        ? answerDevToken(request, response, makeToken)
        : serveProvider(request, response),
  });
};
