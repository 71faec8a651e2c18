import { STATUS_CODES } from "node:http";
import { errorReference } from "@headroom/domain/error-reference";
import { type ErrorCode, errorCodes, statusOf } from "@headroom/domain/errors";
import { allToWire } from "../rest/names.ts";
import type { Operation } from "../rest/table.ts";
import { headers } from "./headers.ts";
import { spellText } from "./schemas.ts";

const everyCall: readonly ErrorCode[] = ["validation_failed", "internal", "unavailable"];
const signedIn: readonly ErrorCode[] = ["unauthenticated", "token_expired", "forbidden", "rate_limited"];
const withOrganization: readonly ErrorCode[] = ["organization_not_found", "no_active_organization"];
const withBody: readonly ErrorCode[] = ["payload_too_large", "unsupported_media_type"];

/** Every code that the operation can answer. */
export function errorsOf({ meta, inputNames }: Operation, hasBody: boolean): Set<ErrorCode> {
  const isPublic = meta.permission === "public";
  return new Set([
    ...everyCall,
    ...(isPublic ? [] : signedIn),
    // Of the header that names whom a platform key acts for; metering asks for the key alone.
    ...(isPublic || meta.permission === "usage:write" ? [] : (["user_not_found"] as const)),
    ...(!isPublic && inputNames.fields.has("organizationId") ? withOrganization : []),
    ...(hasBody ? withBody : []),
    ...(meta.errors ?? []),
  ]);
}

/** The responses of every refusal, by status, each with an example for every code. */
export function failures(codes: ReadonlySet<ErrorCode>) {
  const statuses = Map.groupBy(codes, (code) => statusOf(errorCodes[code]));
  return Object.fromEntries(
    [...statuses]
      .toSorted(([one], [other]) => one - other)
      .map(([status, those]) => [status, problemResponse(status, those.toSorted())]),
  );
}

function problemResponse(status: number, codes: readonly ErrorCode[]) {
  return {
    description: codes.map((code) => `\`${code}\`: ${spellText(errorReference[code].when)}`).join("\n\n"),
    headers: { ...headers("X-Request-Id"), ...headersOf(status) },
    content: {
      "application/problem+json": {
        schema: {
          allOf: [
            { $ref: "#/components/schemas/Problem" },
            {
              type: "object",
              properties: {
                status: { type: "integer", const: status },
                code: { type: "string", enum: codes },
              },
              required: ["status", "code"],
            },
          ],
        },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  };
}

function headersOf(status: number) {
  if (status === 401) return headers("WWW-Authenticate");
  if (status === 429) return headers("Retry-After", "RateLimit-Policy", "RateLimit");
  return status === 503 ? headers("Retry-After") : {};
}

/** The schema of every refusal. */
export const problem = {
  type: "object",
  description: "RFC 9457 problem details",
  properties: {
    type: { type: "string", format: "uri-reference", description: "`urn:headroom:error:` and the code" },
    title: { type: "string", description: "The name of the status" },
    status: { type: "integer", description: "The same as the response's" },
    detail: { type: "string", description: "One plain sentence" },
    code: { type: "string", enum: Object.keys(errorCodes), description: "What programs decide by" },
    details: {
      type: "object",
      additionalProperties: true,
      description: "The numbers and names behind the refusal",
    },
    request_id: { type: "string", description: "Also in the header `X-Request-Id`" },
  },
  required: ["type", "title", "status", "detail", "code", "details", "request_id"],
};

/** Each code's problem, as it may look. */
export const problemExamples = Object.fromEntries(
  (Object.keys(errorCodes) as ErrorCode[]).map((code) => [code, problemExample(code)]),
);

function problemExample(code: ErrorCode) {
  const status = statusOf(errorCodes[code]);
  const { when, message, details } = errorReference[code];
  const value = {
    type: `urn:headroom:error:${code}`,
    title: STATUS_CODES[status],
    status,
    detail: message,
    code,
    details: allToWire(details),
    request_id: "01983a68-7f11-7d8b-9c9e-0f1a2b3c4d11",
  };
  return { summary: spellText(when), value };
}
