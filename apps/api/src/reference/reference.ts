import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { sendMethodNotAllowed } from "../rest/problems.ts";
import { type Asset, createAsset, sendAsset } from "./assets.ts";
import { createGuide } from "./guide.ts";
import { guidePolicy, picturePolicy } from "./layout.ts";
import { readScalarScript, scalarPage, scalarPolicy, startScript } from "./scalar.ts";

export type ReferenceOptions = {
  /** What `/openapi.json` is; built when it is first asked for. */
  document: () => unknown;
  /** The API key that calls from the page are made with; null: whoever reads brings their own. */
  key: string | null;
  /** The folder of README.md and docs; default: that of this checkout. */
  root?: string;
};

/** `/openapi.json`, the reference at `/docs` and the guide at `/docs/guide`. */
export type Reference = {
  /** Answers, and names the route for the metrics; null: the address is not one of these. */
  answer(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    requestId: string,
  ): Promise<string | null>;
};

const checkout = path.resolve(import.meta.dirname, "../../../..");
const script = "text/javascript; charset=utf-8";
const guide = "/docs/guide";

/** Nothing is read, rendered or compressed before somebody asks for it; then it is kept. */
export function createReference({ document, key, root = checkout }: ReferenceOptions): Reference {
  const assets: Readonly<Record<string, () => Promise<Asset>>> = {
    "/openapi.json": once(async () => createAsset("application/json", JSON.stringify(document()))),
    "/docs": once(() => createAsset("text/html; charset=utf-8", scalarPage)),
    "/docs/scalar.js": once(async () => createAsset(script, await readScalarScript())),
    "/docs/start.js": once(() => createAsset(script, startScript(key))),
  };
  const openGuide = once(async () => createGuide(root));

  async function answerGuide(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
  ): Promise<void> {
    const answer = await (await openGuide()).answer(name);
    if (answer.kind === "moved") redirect(response, answer.to);
    else
      sendAsset(request, response, answer.asset, {
        status: answer.kind === "lost" ? 404 : 200,
        policy: answer.asset.type === "image/svg+xml" ? picturePolicy : guidePolicy,
      });
  }

  return {
    async answer(request, response, { pathname }, requestId) {
      const make = Object.hasOwn(assets, pathname) ? assets[pathname] : undefined;
      const isGuide = pathname === guide || pathname.startsWith(`${guide}/`);
      const isOurs = make !== undefined || isGuide || pathname === "/docs/";
      if (!isOurs) return null;
      const route = isGuide ? guide : pathname;
      if (request.method !== "GET" && request.method !== "HEAD")
        sendMethodNotAllowed(response, ["GET"], requestId);
      else if (make !== undefined) sendAsset(request, response, await make(), sendingOf(pathname));
      else if (pathname === "/docs/" || pathname === `${guide}/`) redirect(response, pathname.slice(0, -1));
      else await answerGuide(request, response, nameIn(pathname));
      return route;
    },
  };
}

function sendingOf(pathname: string) {
  if (pathname === "/openapi.json") return { cacheControl: "public, max-age=300" };
  return pathname === "/docs" ? { policy: scalarPolicy } : {};
}

/** What follows `/docs/guide/`; whatever is not well formed is no page. */
function nameIn(pathname: string): string {
  try {
    return decodeURIComponent(pathname.slice(guide.length + 1));
  } catch {
    return "/";
  }
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(308, { location }).end();
}

/** The same value each time; a failure is not kept. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
