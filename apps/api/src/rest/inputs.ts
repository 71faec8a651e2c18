import type { IncomingMessage } from "node:http";
import { DomainError } from "@headroom/domain/errors";
import { BodyTooLargeError, readBody } from "@headroom/platform/bodies";
import { type InputIssue, validationFailed } from "../errors.ts";
import { largestBody } from "../largest-body.ts";
import { fromWire, type Names, snakeCase } from "./names.ts";

/**
 * The procedure's input: path parameters, query parameters and the fields of a JSON object, each of which may name a
 * field once.
 * @throws DomainError validation_failed, payload_too_large, unsupported_media_type
 */
export async function readInput(
  request: IncomingMessage,
  names: Names,
  parameters: Readonly<Record<string, string>>,
  query: URLSearchParams,
): Promise<unknown> {
  const body = request.method === "GET" || request.method === "HEAD" ? {} : await readObject(request);
  const parts = [parameters, queryFields(names, query), body];
  const issues = repeatedOf(parts).map((path): InputIssue => ({ path, message: "is given twice" }));
  const input = fromWire(names, Object.fromEntries(parts.flatMap((part) => Object.entries(part))), (key) =>
    issues.push({ path: key, message: `Unrecognized key: "${key}"` }),
  );
  if (issues.length > 0) throw validationFailed(issues);
  return input;
}

/** Keys that an earlier part has too. A body may hold 100,000 keys: each is looked at once. */
function repeatedOf(parts: readonly object[]): string[] {
  const seen = new Set<string>();
  const repeated: string[] = [];
  for (const key of parts.flatMap((part) => Object.keys(part))) {
    if (seen.has(key)) repeated.push(key);
    seen.add(key);
  }
  return repeated;
}

/** The fields of a JSON object in the body; none where there is no body. @throws DomainError */
export async function readObject(request: IncomingMessage): Promise<Record<string, unknown>> {
  const bytes = await readBytes(request);
  if (bytes.length === 0) return {};
  assertJson(request.headers["content-type"], request.headers["content-encoding"]);
  const value = parseJson(bytes);
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw validationFailed([{ path: "", message: "is not a JSON object" }]);
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  try {
    return await readBody(request, largestBody);
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    throw new DomainError("payload_too_large", "The body is larger than 1 MiB.", { limit: largestBody });
  }
}

function assertJson(contentType = "", contentEncoding = "identity"): void {
  const [type = "", ...attributes] = contentType.toLowerCase().split(";");
  const foreignCharset = attributes.some((attribute) => /charset=(?!"?utf-?8"?\s*$)/.test(attribute));
  if (type.trim() === "application/json" && !foreignCharset && contentEncoding === "identity") return;
  throw new DomainError("unsupported_media_type", "Send the body as application/json in UTF-8.");
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw validationFailed([{ path: "", message: "is not well-formed JSON" }]);
  }
}

/** Query parameters as the values that the schema expects; a repeated one is a list. */
function queryFields(names: Names, query: URLSearchParams): Record<string, unknown> {
  const fields = new Map([...names.fields].map(([name, field]) => [snakeCase(name), field]));
  return Object.fromEntries(
    [...new Set(query.keys())].map((key) => {
      const field = fields.get(key);
      const values = query.getAll(key);
      if (field?.items) {
        const { items } = field;
        return [key, values.map((value) => fromText(items, value))];
      }
      return [key, values.length > 1 ? values : fromText(field, values[0] ?? "")];
    }),
  );
}

/** A text stands for a number or boolean only where no text is expected. */
export function fromText(field: Names | undefined, text: string): unknown {
  const types = field?.types ?? new Set();
  if (types.has("string")) return text;
  const numeric = types.has("integer") || types.has("number");
  if (numeric && /^-?\d{1,20}(\.\d{1,20})?$/.test(text)) return Number(text);
  if (types.has("boolean") && (text === "true" || text === "false")) return text === "true";
  return text;
}
