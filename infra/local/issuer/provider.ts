import { createHash } from "node:crypto";
import type { JWK } from "jose";
import { type Configuration, interactionPolicy, type KoaContextWithOIDC, Provider } from "oidc-provider";
import { isLoopbackOrigin } from "../loopback.ts";
import { algorithm } from "./keys.ts";
import { messagePage, signOutPage } from "./pages.ts";
import { type People, rememberPeople } from "./people.ts";
import { adapterOf, type IssuerStore } from "./store.ts";
import { claimsOf } from "./tokens.ts";

export type ProviderOptions = {
  /** The issuer's name, its base URL. */
  issuer: string;
  key: JWK;
  store: IssuerStore;
  /** The client that the console is. */
  clientId: string;
  /** What access tokens are for. */
  audience: string;
};

const hour = 3600;
const day = 24 * hour;
const scope = "openid profile email offline_access";

/** The console: a public client at any port of this machine (RFC 8252 section 7.3), so a native one. */
const consoleClient = (clientId: string) => ({
  client_id: clientId,
  client_name: "Headroom",
  application_type: "native" as const,
  token_endpoint_auth_method: "none" as const,
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code" as const],
  redirect_uris: ["http://127.0.0.1/signed-in", "http://localhost/signed-in"],
  post_logout_redirect_uris: ["http://127.0.0.1/", "http://localhost/"],
  scope,
});

/** Asks who signs in, also where a program wants another person; never whether they agree. */
const policy = () => {
  const prompts = interactionPolicy.base();
  prompts.get("consent")?.checks.remove("native_client_prompt");
  prompts.add(new interactionPolicy.Prompt({ name: "select_account", requestable: true }), 0);
  return prompts;
};

/** Everything that the client may have, without asking: the grant of this session, or a new one. */
const grantAll = async (ctx: KoaContextWithOIDC) => {
  const { client, session, provider } = ctx.oidc;
  if (!client || !session?.accountId) return undefined;
  const known = session.grantIdFor(client.clientId);
  const grant = known === undefined ? undefined : await provider.Grant.find(known);
  if (grant) return grant;
  const fresh = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  fresh.addOIDCScope(scope);
  await fresh.save();
  return fresh;
};

const tokensFor = (people: People): Partial<Configuration> => ({
  findAccount: async (_ctx, subject) => {
    const person = people.find(subject);
    return person === null
      ? undefined
      : { accountId: subject, claims: async () => ({ sub: subject, ...claimsOf(person) }) };
  },
  extraTokenClaims: async (_ctx, token) => {
    const person = "accountId" in token ? people.find(token.accountId) : null;
    return person === null ? undefined : claimsOf(person);
  },
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"),
  // Identity tokens say who somebody is: the console asks nobody else.
  conformIdTokenClaims: false,
  ttl: {
    Interaction: hour,
    AccessToken: hour,
    IdToken: hour,
    RefreshToken: 14 * day,
    Session: 14 * day,
    Grant: 14 * day,
  },
});

const featuresFor = (audience: string): Configuration["features"] => {
  // A resource has to be a URI; the audience of its tokens need not be one.
  const resource = `urn:headroom:audience:${encodeURIComponent(audience)}`;
  return {
    devInteractions: { enabled: false },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "",
        audience,
        accessTokenFormat: "jwt",
        accessTokenTTL: hour,
        jwt: { sign: { alg: algorithm } },
      }),
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = signOutPage(form);
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = messagePage("Signed out", "You can close this page.");
      },
    },
  };
};

/** Code and PKCE, refresh tokens that rotate, sign-out; access tokens are those of `POST /dev/token`. */
export const createProvider = (options: ProviderOptions): { provider: Provider; people: People } => {
  const { issuer, key, store, clientId, audience } = options;
  const people = rememberPeople(store);
  const names = { session: "_session", interaction: "_interaction", resume: "_resume" };
  // Cookies do not know ports, and several stacks run on one machine.
  const port = new URL(issuer).port;
  const provider = new Provider(issuer, {
    adapter: adapterOf(store),
    jwks: { keys: [key as { kty: string }] },
    enabledJWA: { idTokenSigningAlgValues: [algorithm] },
    claims: { email: ["email", "email_verified"], profile: ["name"] },
    clients: [consoleClient(clientId)],
    cookies: {
      keys: [createHash("sha256").update(`cookies ${key.d}`).digest("hex")],
      names: Object.fromEntries(Object.entries(names).map(([name, value]) => [name, `${value}_${port}`])),
    },
    pkce: { required: () => true },
    clientBasedCORS: (_ctx, origin) => isLoopbackOrigin(origin),
    interactions: { policy: policy(), url: (_ctx, { uid }) => `/sign-in/${uid}` },
    loadExistingGrant: grantAll,
    renderError: (ctx, out) => {
      ctx.type = "html";
      ctx.body = messagePage("Sign-in did not work", out.error_description ?? out.error);
    },
    features: featuresFor(audience),
    ...tokensFor(people),
  });
  return { provider, people };
};
