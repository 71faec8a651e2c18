import { type ServerResponse, STATUS_CODES } from "node:http";
import { DomainError, statusOf } from "@headroom/domain/errors";
import { limitHeaders } from "../limit-headers.ts";
import { allToWire, type Names, pathToWire } from "./names.ts";

/** An RFC 9457 problem. `code` is what programs read, `detail` what people read. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  details: unknown;
  request_id: string;
};

/** The problem that a refusal is on the wire. `inputNames` spells the places of input faults. */
function problemOf(fault: DomainError, requestId: string, inputNames?: Names): Problem {
  const status = statusOf(fault.kind);
  const details = allToWire(fault.details) as Record<string, unknown>;
  return {
    type: `urn:headroom:error:${fault.code}`,
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail: fault.message,
    code: fault.code,
    details: inputNames === undefined ? details : { ...details, ...spelledIssues(details, inputNames) },
    request_id: requestId,
  };
}

/** Sends it, with the headers that its details stand for. */
export function sendProblem(
  response: ServerResponse,
  fault: DomainError,
  requestId: string,
  inputNames?: Names,
): void {
  const problem = problemOf(fault, requestId, inputNames);
  response.writeHead(problem.status, {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    ...challenge(fault),
    ...limitHeaders(fault),
  });
  response.end(JSON.stringify(problem));
}

function spelledIssues(details: Record<string, unknown>, names: Names) {
  if (!Array.isArray(details.issues)) return {};
  const issues = details.issues as { path: string; message: string }[];
  return { issues: issues.map(({ path, message }) => ({ path: pathToWire(names, path), message })) };
}

/** RFC 6750, section 3: a 401 says which scheme would do. */
function challenge(fault: DomainError): Record<string, string> {
  if (fault.kind !== "unauthenticated") return {};
  const reason = fault.code === "token_expired" ? ', error="invalid_token"' : "";
  return { "www-authenticate": `Bearer realm="headroom"${reason}` };
}

/** 405 with the methods that would do (RFC 9110, section 15.5.6): where GET does, HEAD does. */
export function sendMethodNotAllowed(
  response: ServerResponse,
  methods: readonly string[],
  requestId: string,
): void {
  const allowed = methods.flatMap((method) => (method === "GET" ? [method, "HEAD"] : [method]));
  response.setHeader("allow", allowed.join(", "));
  const fault = new DomainError("method_not_allowed", "This address does not take that method.", {
    allowed,
  });
  sendProblem(response, fault, requestId);
}
