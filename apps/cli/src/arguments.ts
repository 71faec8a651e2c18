import { decodeId } from "@headroom/domain/ids";
import { InvalidArgumentError } from "commander";

/** `usr_…` as a raw UUID; a usage error for anything else. */
export function parseUserId(text: string): string {
  const id = decodeId("usr", text);
  if (id === null) {
    throw new InvalidArgumentError("It looks like usr_ and a UUID.");
  }
  return id;
}

/** An ISO 8601 time in its UTC form; a usage error for anything else. */
export function parseTime(text: string): string {
  const time = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError("Not an ISO 8601 time.");
  }
  return time.toISOString();
}

/** A version's number; a usage error for anything else. */
export function parseVersion(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new InvalidArgumentError("A whole number from 1.");
  }
  return Number(text);
}
