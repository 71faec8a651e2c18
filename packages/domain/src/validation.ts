import { DomainError } from "./errors.ts";

/** What is wrong with one field of an input: where it stands, and a message that goes on from there. */
export interface FieldFault {
  path: string;
  message: string;
}

/** The refusal of one field of an input, in the shape that the edge gives its own: `details.issues`. */
export function invalidField(path: string, message: string): DomainError {
  return invalidFields([{ path, message }]);
}

/** The refusal of several fields at once. */
export function invalidFields(issues: readonly FieldFault[]): DomainError {
  return new DomainError("validation_failed", "The input is not valid.", { issues });
}
