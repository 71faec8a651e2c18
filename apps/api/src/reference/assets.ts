import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** Something that is sent as it is, compressed once and named by its content. */
export type Asset = {
  type: string;
  body: Buffer;
  /** Null: it would not become smaller. */
  zipped: Buffer | null;
  etag: string;
};

const compress = promisify(gzip);

/** `compressible: false` for what is compressed already. */
export async function createAsset(
  type: string,
  content: string | Buffer,
  compressible = true,
): Promise<Asset> {
  const body = typeof content === "string" ? Buffer.from(content) : content;
  const zipped = compressible ? await compress(body) : null;
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  return { type, body, zipped: zipped !== null && zipped.length < body.length ? zipped : null, etag: digest };
}

/** What an asset may do and how long it is kept; kept at all, it is asked for again with its entity tag. */
export type Sending = { status?: number; policy?: string; cacheControl?: string };

/** Answers GET and HEAD with an asset, or 304 when the caller has it. */
export function sendAsset(
  request: IncomingMessage,
  response: ServerResponse,
  asset: Asset,
  { status = 200, policy, cacheControl = "no-cache" }: Sending = {},
): void {
  const zipped = asset.zipped !== null && takesGzip(request) ? asset.zipped : null;
  const etag = `"${asset.etag}${zipped === null ? "" : "-gzip"}"`;
  response.setHeader("vary", "origin, accept-encoding");
  response.setHeader("cache-control", cacheControl);
  response.setHeader("etag", etag);
  if (policy !== undefined) response.setHeader("content-security-policy", policy);
  if (status === 200 && holds(request, etag)) {
    response.writeHead(304).end();
    return;
  }
  const body = zipped ?? asset.body;
  response.writeHead(status, {
    "content-type": asset.type,
    "content-length": body.length,
    ...(zipped === null ? {} : { "content-encoding": "gzip" }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function takesGzip({ headers }: IncomingMessage): boolean {
  return /(^|[\s,])(gzip|\*)(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(headers["accept-encoding"] ?? ""));
}

function holds({ headers }: IncomingMessage, etag: string): boolean {
  const known = (headers["if-none-match"] ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  return known.includes(etag) || known.includes("*");
}
