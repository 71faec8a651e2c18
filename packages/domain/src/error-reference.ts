import type { DetailsOf, ErrorCode } from "./errors.ts";
import { limitReference } from "./limit-reference.ts";

/** What the reference tells of a code. */
export interface ErrorEntry<Code extends ErrorCode = ErrorCode> {
  /** When it is answered: one sentence. */
  when: string;
  /** `detail`, as a caller may meet it. */
  message: string;
  /** `details` of such an answer; their names are those that a caller can count on. */
  details: DetailsOf<Code>;
}

const upgradePlans = [{ planId: "pro", displayName: "Pro" }];

/** Each code explained; the published page and the problems in the reference come from here. */
export const errorReference: { readonly [Code in ErrorCode]: ErrorEntry<Code> } = {
  validation_failed: {
    when: "The input is not what the procedure takes; `issues` names each fault and where it is.",
    message: "The input is not valid.",
    details: { issues: [{ path: "email", message: "Invalid input: expected string, received undefined" }] },
  },
  already_member: {
    when: "The invited address belongs to somebody who is a member already.",
    message: "This person is a member already.",
    details: {},
  },
  already_invited: {
    when: "The address has an invite that is still open, which is the one to resend or revoke.",
    message: "This address has an invite that is still open.",
    details: { inviteId: "inv_01983a60-2b10-7e4f-8a6b-9c0d1e2f3a05" },
  },
  invalid_role: {
    when: "The role cannot be given this way, such as `owner`, which is transferred.",
    message: "Nobody is invited as owner; ownership is transferred.",
    details: {},
  },
  not_a_member: {
    when: "The user who is named in the input is no active member of the organization.",
    message: "This user is no active member of the organization.",
    details: {},
  },
  no_active_organization: {
    when: "The call says `current`, and the caller has no active organization.",
    message: "There is no active organization: name one.",
    details: {},
  },
  plan_not_available: {
    when: "The plan is private, closed to new customers, or not sold in the way that was asked for.",
    message: "This plan is not sold like that.",
    details: { planId: "pro", interval: "year", currency: null },
  },
  conversation_not_open: {
    when: "Only an open conversation can be assigned, and this one is closed.",
    message: "Only an open conversation can be assigned.",
    details: { status: "closed" },
  },
  unknown_meter: {
    when: "The configuration has no meter of that name.",
    message: "There is no such meter.",
    details: { meter: "words" },
  },
  invalid_signature: {
    when: "A webhook that claims to come from Stripe does not carry Stripe's signature.",
    message: "The signature is not valid.",
    details: {},
  },
  unauthenticated: {
    when: "There is no credential, or it is no good: wrong, revoked, or for another environment.",
    message: "A valid credential is needed.",
    details: {},
  },
  token_expired: {
    when: "The token was good and has expired: get a fresh one and call again.",
    message: "The token has expired.",
    details: {},
  },
  seat_limit_reached: {
    when: "No seat is free for another member or invite; the plans that would help are named.",
    message: "All seats of the plan are taken.",
    details: { limit: 2, members: 1, pending: 1, used: 2, available: 0, upgradePlans },
  },
  profile_limit_reached: {
    when: "The plan has no room for another profile; the plans that would help are named.",
    message: "The plan has no room for another profile.",
    details: { limit: 5, used: 5, available: 0, upgradePlans },
  },
  plan_required: {
    when: "The call needs a plan feature that the caller does not have; the plans that have it are named.",
    message: "This needs a plan that you do not have.",
    details: { feature: "organizations", upgradePlans },
  },
  payment_failed: {
    when: "A change has to be paid at once, and the payment was declined; nothing has changed.",
    message: "The payment was declined. Nothing has changed.",
    details: {},
  },
  overage_not_available: {
    when: "The plan sells no overage of the meter, so that there is no maximum to set.",
    message: "The plan has no overage.",
    details: { meter: "jobs" },
  },
  forbidden: {
    when: "The caller is known and may not do this; `permission` names what is missing where it is one.",
    message: "You may not do this in this organization.",
    details: { permission: "members.change" },
  },
  cannot_change_own_role: {
    when: "Nobody changes their own role.",
    message: "Nobody changes their own role.",
    details: {},
  },
  invite_email_mismatch: {
    when: "The invite is for another address than the caller's.",
    message: "This invite is for another e-mail address.",
    details: {},
  },
  email_not_verified: {
    when: "The invite is for the caller's address, which the caller's issuer has not verified.",
    message: "Verify your e-mail address first.",
    details: {},
  },
  ownership_transfer_disabled: {
    when: "Only an operator transfers ownership here; `support` is whom to ask, or null.",
    message: "Ownership is transferred by an operator: ask the support.",
    details: { support: "support@example.com" },
  },
  organization_not_found: {
    when: "There is no such organization, or it is not the caller's: both are answered alike.",
    message: "There is no such organization.",
    details: {},
  },
  user_not_found: {
    when: "There is no such user, or none in this organization.",
    message: "The organization has no such member.",
    details: {},
  },
  invite_not_found: {
    when: "There is no such invite, or its link was replaced or revoked.",
    message: "There is no such invite.",
    details: {},
  },
  plan_not_found: {
    when: "There is no plan of that id.",
    message: "There is no such plan.",
    details: { planId: "gold" },
  },
  resource_not_found: {
    when: "The organization has no such key, profile, conversation, webhook, delivery, alert, reservation or event.",
    message: "The organization has no such key.",
    details: {},
  },
  route_not_found: {
    when: "There is nothing at this address, or the part of the product behind it is switched off.",
    message: "There is nothing at this address.",
    details: {},
  },
  method_not_allowed: {
    when: "The address does not take that method; the header `Allow` names those that it takes.",
    message: "This address does not take that method.",
    details: { allowed: ["GET", "HEAD"] },
  },
  payload_too_large: {
    when: "The body is larger than 1 MiB.",
    message: "The body is larger than 1 MiB.",
    details: { limit: 1_048_576 },
  },
  unsupported_media_type: {
    when: "The body is not sent as `application/json` in UTF-8.",
    message: "Send the body as application/json in UTF-8.",
    details: {},
  },
  last_owner: {
    when: "The organization would be left without an owner.",
    message: "The organization would be left without an owner.",
    details: {},
  },
  last_admin: {
    when: "Under `roles.creator: admin` the organization would be left without an admin.",
    message: "The organization would be left without an admin.",
    details: {},
  },
  slug_taken: {
    when: "Another organization, or another profile of this one, has the slug.",
    message: "This slug is taken.",
    details: { slug: "acme" },
  },
  invite_not_pending: {
    when: "The invite was accepted, declined or revoked before.",
    message: "This invite is not open any more.",
    details: { status: "revoked" },
  },
  active_subscription: {
    when: "The organization has a subscription, which stands in the way: it has to be changed, cancelled or, where `status` is not `active` or `trialing`, paid first.",
    message: "The organization has a subscription already.",
    details: { planId: "pro", status: "active" },
  },
  no_subscription: {
    when: "The call is about a subscription, and the organization has none.",
    message: "The organization has no subscription.",
    details: {},
  },
  currency_fixed: {
    when: "The organization has paid in another currency, and keeps it for ever.",
    message: "The organization pays in another currency already.",
    details: { currency: "eur" },
  },
  reservation_not_open: {
    when: "The reservation was committed or released before, or its time was over when it was to be released.",
    message: "This reservation is not open any more.",
    details: { status: "released" },
  },
  idempotency_mismatch: {
    when: "The idempotency key was used with other input before.",
    message: "This idempotency key was used with another payload.",
    details: { eventId: "evt_01983a67-6e0f-7c6d-8e7f-8a9b0c1d2e0f" },
  },
  invite_expired: {
    when: "The invite's time is over: whoever invited can resend it.",
    message: "This invite has expired.",
    details: {},
  },
  ...limitReference,
  internal: {
    when: "Something failed on our side; the request id finds it in the log.",
    message: "Something failed on our side.",
    details: {},
  },
  unavailable: {
    when: "The service, or one that it needs, cannot answer now: the same call may work in a moment.",
    message: "The service cannot answer at the moment. Try again.",
    details: { retryAfterSeconds: 1 },
  },
  billing_not_configured: {
    when: "There is no Stripe key, the plans have not been pushed to Stripe, or (`live: false`) billing is not live.",
    message: "Billing is not configured: there is no Stripe key.",
    details: {},
  },
};
