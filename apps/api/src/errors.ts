import { DomainError } from "@headroom/domain/errors";
import { TRPCError } from "@trpc/server";
import { z } from "zod";
import { largestBody } from "./largest-body.ts";

/** One fault of an input: where it is and what is wrong with it. Never the value. */
export type InputIssue = { path: string; message: string };

const transportFaults: Partial<Record<TRPCError["code"], () => DomainError>> = {
  NOT_FOUND: () => new DomainError("route_not_found", "There is nothing at this address."),
  METHOD_NOT_SUPPORTED: () =>
    new DomainError("method_not_allowed", "This address does not take that method."),
  PAYLOAD_TOO_LARGE: () =>
    new DomainError("payload_too_large", "The body is larger than 1 MiB.", { limit: largestBody }),
  UNSUPPORTED_MEDIA_TYPE: () =>
    new DomainError("unsupported_media_type", "Send the body as application/json."),
  PARSE_ERROR: () => validationFailed([{ path: "", message: "is not well-formed JSON" }]),
};

/** What the caller is told about any error. Only a `DomainError` speaks for itself; the unknown becomes `internal`. */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (!(error instanceof TRPCError)) return isUnavailable(error) ? unavailable() : internal();
  if (error.code === "BAD_REQUEST") return fromBadRequest(error);
  if (error.cause instanceof DomainError) return error.cause;
  const fault = transportFaults[error.code];
  if (fault !== undefined) return fault();
  return isUnavailable(error.cause) ? unavailable() : internal();
}

/** 400 with `details.issues`. */
export function validationFailed(issues: readonly InputIssue[]): DomainError {
  return new DomainError("validation_failed", "The input is not valid.", { issues });
}

/** The refusal of an input that its schema did not accept. */
export function invalidInput(error: z.core.$ZodError): DomainError {
  return validationFailed(error.issues.flatMap(describeIssue));
}

function fromBadRequest(error: TRPCError): DomainError {
  if (error.cause instanceof DomainError) return error.cause;
  if (error.cause instanceof z.core.$ZodError) return invalidInput(error.cause);
  return validationFailed([{ path: "", message: "is not a request that can be read" }]);
}

/** Of alternatives, the one that comes nearest to the input speaks: the others' faults would only confuse. */
function describeIssue(issue: z.core.$ZodIssue): InputIssue[] {
  const choice = issue.code === "invalid_union" ? typesOf(issue.errors) : null;
  if (choice !== null) return [{ path: issue.path.map(String).join("."), message: choice }];
  const nearest = issue.code === "invalid_union" ? nearestOf(issue.errors) : undefined;
  if (nearest === undefined) return [{ path: issue.path.map(String).join("."), message: issue.message }];
  return nearest.flatMap((inner) => describeIssue({ ...inner, path: [...issue.path, ...inner.path] }));
}

const received = /, received (.+)$/;

/** Where each alternative wants another type, it takes them all to say what would do; null elsewhere. */
function typesOf(alternatives: readonly z.core.$ZodIssue[][]): string | null {
  const issues = alternatives.flat();
  const isOfType = (issue: z.core.$ZodIssue) => issue.code === "invalid_type" && issue.path.length === 0;
  const types = [...new Set(issues.map((issue) => ("expected" in issue ? String(issue.expected) : "")))];
  if (types.length < 2 || !issues.every(isOfType)) return null;
  // Infinity is a number to those alternatives that want none.
  const got = issues.flatMap(({ message }) => received.exec(message)?.[1] ?? []);
  const odd = got.find((type) => !types.includes(type));
  return `Invalid input: expected ${types.slice(0, -1).join(", ")} or ${types.at(-1)}, received ${odd}`;
}

function nearestOf(alternatives: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const told = alternatives.filter((issues) => issues.length > 0);
  return told.reduceRight<z.core.$ZodIssue[] | undefined>(
    (best, issues) => (best === undefined || issues.length < best.length ? issues : best),
    undefined,
  );
}

function internal(): DomainError {
  return new DomainError("internal", "Something failed on our side.");
}

function unavailable(): DomainError {
  return new DomainError("unavailable", "The service cannot answer at the moment. Try again.", {
    retryAfterSeconds: 1,
  });
}

/**
 * The database cannot be asked: the socket failed, the pool or a statement ran out of time, or the server refuses
 * work. SQLSTATE classes 08 (connection), 53 (resources) and 57P (operator intervention), from "Appendix A.
 * PostgreSQL Error Codes"; 57014 is the statement timeout, 55P03 the lock timeout, 40001 and 40P01 conflicts that came
 * again on every retry.
 */
function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === "string") {
    return (
      /^(08|53|57P)/.test(code) ||
      /^(57014|55P03|40001|40P01|ECONN(REFUSED|RESET)|ETIMEDOUT|EPIPE|ENOTFOUND|EHOSTUNREACH)$/.test(code)
    );
  }
  return /^(timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered)/.test(
    error.message,
  );
}
