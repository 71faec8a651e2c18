import { DomainError } from "./errors.ts";

/** The refusal of one field of an input, in the shape that the edge gives its own: `details.issues`. */
export function invalidField(path: string, message: string): DomainError {
  return new DomainError("validation_failed", "The input is not valid.", { issues: [{ path, message }] });
}
