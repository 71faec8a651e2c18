import { ErrorResponse, UserManager, WebStorageStateStore } from "oidc-client-ts";
import { shareWhileRunning } from "./renewal.ts";
import type { Settings } from "./settings.ts";

/** Who is signed in, as their issuer says. */
export type Session = {
  /**
   * A good access token. Goes to the issuer when there is none any more; then it never resolves.
   * @throws Error when the issuer does not answer: the page stays, and what is typed in it
   */
  token(): Promise<string>;
  /** Goes to the issuer, which may ask who it is; comes back to `returnTo`. */
  signIn(returnTo: string, options?: { asAnother?: boolean }): Promise<never>;
  /** The api took no notice of the token: another sign-in helps, unless there has just been one. */
  refused(): void;
  signOut(): Promise<never>;
};

const signedInPath = "/signed-in";
const leadSeconds = 30;
/** A token that is refused sooner after its sign-in is refused for good, and would lead in circles. */
const patienceMs = 30_000;
const signedInAtKey = "headroom.signed-in-at";

/** True for the address that the issuer sends people back to. */
export function isReturning(location: Location): boolean {
  return location.pathname === signedInPath;
}

/** Code and PKCE. Tokens live as long as the tab. */
export function openSession(settings: Settings) {
  const { origin } = window.location;
  const manager = new UserManager({
    authority: settings.issuer,
    client_id: settings.clientId,
    redirect_uri: `${origin}${signedInPath}`,
    post_logout_redirect_uri: `${origin}/`,
    scope: "openid profile email offline_access",
    userStore: new WebStorageStateStore({ store: window.sessionStorage }),
    automaticSilentRenew: false,
    extraQueryParams: audienceOf(settings),
  });

  const leave = async (going: Promise<unknown>): Promise<never> => {
    await going;
    // The page is on its way to another: nothing that waits for it should go on.
    return new Promise(() => {});
  };

  const signIn: Session["signIn"] = (returnTo, { asAnother = false } = {}) =>
    leave(
      manager.signinRedirect({
        state: { returnTo },
        ...(asAnother ? { prompt: "login" } : {}),
      }),
    );

  const signInHere = () => signIn(`${window.location.pathname}${window.location.search}`);
  // Issuers end the session of a refresh token that is used twice.
  const renew = shareWhileRunning(() => manager.signinSilent());

  const session: Session = {
    signIn,
    signOut: () => leave(manager.signoutRedirect()),
    refused: () => {
      const signedInAt = Number(window.sessionStorage.getItem(signedInAtKey));
      if (Date.now() - signedInAt > patienceMs) void signInHere();
    },
    token: async () => {
      const user = await manager.getUser();
      if (user !== null && (user.expires_in ?? 0) > leadSeconds) return user.access_token;
      if (user?.refresh_token === undefined) return signInHere();
      try {
        return (await renew())?.access_token ?? (await signInHere());
      } catch (error) {
        if (error instanceof ErrorResponse) return signInHere();
        if (user.expired === false) return user.access_token;
        throw error;
      }
    },
  };

  return {
    session,
    /** Whether somebody is signed in in this tab. */
    isSignedIn: async () => ((await manager.getUser())?.expired ?? true) === false,
    /** Takes what the issuer sent back. Answers where the person was going. */
    finishSignIn: async (): Promise<string> => {
      const { state } = await manager.signinCallback().then((user) => user ?? { state: undefined });
      window.sessionStorage.setItem(signedInAtKey, String(Date.now()));
      const returnTo = (state as { returnTo?: unknown } | undefined)?.returnTo;
      // Only a path of ours: a stored address could lead elsewhere.
      return typeof returnTo === "string" && /^\/(?![/\\])/.test(returnTo) ? returnTo : "/";
    },
  };
}

/** Issuers name the audience in one of two ways: `audience` (Auth0) or, where it is an address, `resource` (RFC 8707). */
function audienceOf({ audience }: Settings): Record<string, string> {
  if (audience === null) return {};
  return URL.canParse(audience) ? { audience, resource: audience } : { audience };
}
