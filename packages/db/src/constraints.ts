import { DomainError } from "@headroom/domain/errors";

const uniqueViolation = "23505";

/** What a unique index refuses when two transactions got past the rule itself: the answer that the rule gives. */
const refusals: Readonly<Record<string, () => DomainError>> = {
  organization_slug_pkey: () => new DomainError("slug_taken", "This slug is taken."),
  profile_one_slug: () => new DomainError("slug_taken", "Another profile of the organization has this slug."),
  invite_one_pending: () =>
    new DomainError("already_invited", "This address has an invite that is still open."),
  membership_pkey: () => new DomainError("already_member", "This person is a member already."),
  membership_one_owner: () => new DomainError("invalid_role", "An organization has exactly one owner."),
};

/** The domain's word for a violated constraint that callers can meet; any other error as it is. */
export function translateConstraint(error: unknown): unknown {
  const { code, constraint } = (error ?? {}) as { code?: unknown; constraint?: unknown };
  if (code !== uniqueViolation || typeof constraint !== "string" || !Object.hasOwn(refusals, constraint)) {
    return error;
  }
  const refusal = refusals[constraint]?.() ?? error;
  if (refusal instanceof DomainError) {
    refusal.cause = error;
  }
  return refusal;
}
