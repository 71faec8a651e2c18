import { maskEmail } from "@headroom/domain/invites";
import { expect, test } from "vitest";
import { inviteStep, type PreviewedInvite } from "./invite-steps.ts";

const invite = (fields: Partial<PreviewedInvite> = {}): PreviewedInvite => ({
  organization: { name: "Acme" },
  invitedBy: null,
  role: "member",
  email: maskEmail("James@acme.test"),
  expiresAt: "2026-11-29T00:00:00.000Z",
  state: "pending",
  ...fields,
});
const james = { email: "james@ACME.test", emailVerified: true };

test.each([
  ["nobody is signed in", { invite: invite(), account: null }, "signIn"],
  ["the invited person is", { invite: invite(), account: james }, "accept"],
  ["somebody else is", { invite: invite(), account: { ...james, email: "ada@acme.test" } }, "otherAddress"],
  ["another host", { invite: invite(), account: { ...james, email: "james@acme.test.org" } }, "otherAddress"],
  ["an account without an address", { invite: invite(), account: { ...james, email: null } }, "otherAddress"],
  ["not verified", { invite: invite(), account: { ...james, emailVerified: false } }, "unverified"],
  ["expired", { invite: invite({ state: "expired" }), account: james }, "expired"],
  ["accepted", { invite: invite({ state: "accepted" }), account: null }, "accepted"],
  ["declined", { invite: invite({ state: "declined" }), account: james }, "declined"],
  ["revoked", { invite: invite({ state: "revoked" }), account: james }, "gone"],
  ["unknown", { invite: null, account: james }, "gone"],
  ["full", { invite: invite(), account: james, refusal: "seat_limit_reached" }, "full"],
  [
    "the mask fits, the address does not",
    { invite: invite(), account: james, refusal: "invite_email_mismatch" },
    "otherAddress",
  ],
  ["expired meanwhile", { invite: invite(), account: james, refusal: "invite_expired" }, "expired"],
  [
    "accepted after a refusal",
    { invite: invite({ state: "accepted" }), account: james, refusal: "seat_limit_reached" },
    "accepted",
  ],
  ["a failure that is no refusal", { invite: invite(), account: james, refusal: "internal" }, "accept"],
] as const)("%s", (_, facts, step) => {
  expect(inviteStep(facts)).toBe(step);
});
