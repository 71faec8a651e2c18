import { DomainError } from "./errors.ts";

/** One fault of an input: where it is and what is wrong with it. */
export interface Issue {
  path: string;
  message: string;
}

/** The refusal of fields of an input, in the shape that the edge gives its own: `details.issues`. */
export function invalidFields(issues: readonly Issue[]): DomainError {
  return new DomainError("validation_failed", "The input is not valid.", { issues });
}

/** The refusal of one field. */
export function invalidField(path: string, message: string): DomainError {
  return invalidFields([{ path, message }]);
}
