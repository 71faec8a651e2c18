import { existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import sirv from "sirv";

/** What the console learns when it starts: it is built once, for every installation. */
export type ConsoleSettings = {
  /** Who signs people in. */
  issuer: string;
  /** The console's name at the issuer. */
  clientId: string;
  /** Whom its access tokens are for; null: the issuer tells by the client alone. */
  audience: string | null;
  environment: string;
  /** Whom people ask when Headroom cannot help: an address or a link. */
  support: string | null;
  /** Development's own parts; null in production. */
  development: { stripeUrl: string | null; mailUrl: string | null } | null;
};

export type ConsoleOptions = {
  /** The built console. */
  directory: string;
  settings: ConsoleSettings;
  /** Further origins that its pages call, beside the issuer's. */
  connectOrigins: readonly string[];
};

/** Answers what belongs to the console, and with its name for the metrics; null: not the console's. */
export type AnswerConsole = (request: IncomingMessage, response: ServerResponse, url: URL) => string | null;

const ours = ["/trpc", "/v1", "/docs", "/socket.io", "/openapi.json"];

/**
 * Serves the built console: its files, `/console.json` with the settings, and its one page for every address that a
 * browser navigates to and the api does not have. Programs, which do not ask for HTML, see the api alone.
 * @throws Error when the folder holds no built console
 */
export function createConsole({ directory, settings, connectOrigins }: ConsoleOptions): AnswerConsole {
  if (!existsSync(path.join(directory, "index.html"))) {
    throw new Error(`CONSOLE_DIRECTORY: there is no built console in ${directory}`);
  }
  const serveFile = sirv(directory, { etag: true, gzip: true, brotli: true, setHeaders: keepFor });
  const contentPolicy = contentPolicyOf(settings, connectOrigins);
  const settingsText = JSON.stringify(settings);

  return (request, response, url) => {
    if (request.method !== "GET" && request.method !== "HEAD") return null;
    if (url.pathname === "/console.json") {
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache" });
      response.end(request.method === "HEAD" ? undefined : settingsText);
      return "/console.json";
    }
    const isPage = navigates(request) && !belongsToApi(url.pathname);
    if (!isPage && !url.pathname.startsWith("/assets/")) return null;
    response.setHeader("content-security-policy", contentPolicy);
    if (isPage) request.url = "/index.html";
    let found = true;
    serveFile(request, response, () => {
      found = false;
    });
    return found ? "/console" : null;
  };
}

/** A browser that goes to an address names HTML; what programs send by default, `*∕*`, is not enough. */
function navigates(request: IncomingMessage): boolean {
  return /\btext\/html\b/.test(request.headers.accept ?? "");
}

function belongsToApi(pathname: string): boolean {
  return ours.some((place) => pathname === place || pathname.startsWith(`${place}/`));
}

/** Built files have their content's hash in their names; the page that names them has none. */
function keepFor(response: ServerResponse, pathname: string): void {
  const immutable = pathname.startsWith("/assets/");
  response.setHeader("cache-control", immutable ? "public, max-age=31536000, immutable" : "no-cache");
}

/** Only its own scripts run. Radix sizes what it shows by style elements, which is why those are allowed. */
function contentPolicyOf(
  { issuer, development }: ConsoleSettings,
  connectOrigins: readonly string[],
): string {
  const standIns = [development?.stripeUrl, development?.mailUrl].filter((url) => typeof url === "string");
  const origins = [issuer, ...standIns, ...connectOrigins].map((url) => new URL(url).origin);
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src ${["'self'", ...new Set(origins)].join(" ")}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}
