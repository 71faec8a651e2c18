import { DomainError } from "./errors.ts";
import { notAMember } from "./members.ts";
import { invalidField } from "./validation.ts";

export type ConversationStatus = "open" | "closed";

export const conversationStatuses: readonly ConversationStatus[] = ["open", "closed"];

const longestSubject = 200;

/**
 * A subject as it is kept: NFC, without the blanks around it, 1..200 characters.
 * @throws DomainError validation_failed
 */
export function parseSubject(text: string): string {
  const subject = text.normalize("NFC").trim();
  if (subject === "" || [...subject].length > longestSubject) {
    throw invalidField("subject", `must have 1 to ${longestSubject} characters`);
  }
  return subject;
}

/** @throws DomainError conversation_not_open, not_a_member: in this order */
export function assertAssignable(status: ConversationStatus, assignee: { isMember: boolean }): void {
  if (status !== "open") {
    throw new DomainError("conversation_not_open", "Only an open conversation can be assigned.", { status });
  }
  if (!assignee.isMember) {
    throw notAMember();
  }
}
