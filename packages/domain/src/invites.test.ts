import { describe, expect, test } from "vitest";
import { defaultPolicies } from "./configuration.ts";
import {
  assertInvitee,
  assertPending,
  decideInviteRole,
  foldEmail,
  inviteLifetime,
  maskEmail,
  parseEmail,
  statusAt,
} from "./invites.ts";

const codeOf = (act: () => unknown): string => {
  try {
    act();
    return "ok";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("addresses", () => {
  test.each([
    "a@b.co",
    " Grace+x.y@Example.com ",
    "o'neil@example.com",
    "jörg@münchen.de",
    "root@localhost",
    "a@xn--hxajbheg2az3al.gr",
    "a@\u0939\u093f\u0928\u094d\u0926\u0940.\u092d\u093e\u0930\u0924",
  ])("%s is one", (text) => {
    expect(parseEmail(text)).toBe(text.trim());
  });

  test.each([
    "",
    "a",
    "a@",
    "@b.co",
    "a@b@c.co",
    "a b@c.co",
    "a@b..co",
    "a..b@c.co",
    ".a@b.co",
    "a.@b.co",
    "moc.knab\u202e@b.co",
    "a\u200b@b.co",
    "a\u00ad@b.co",
    "a@-b.co",
    "a@b-.co",
    "a@b.-co",
    "a@b.co.",
    `a@${"b".repeat(64)}.co`,
    "Ada <a@b.co>",
    "a@b.co,c@d.co",
    "a\n@b.co",
    `${"x".repeat(65)}@b.co`,
    `a@${"b".repeat(253)}.co`,
  ])("%j is none", (text) => {
    expect(codeOf(() => parseEmail(text))).toBe("validation_failed");
  });

  test("are compared in one case, with tag and dots kept", () => {
    expect(foldEmail("Grace.H+Work@Example.COM")).toBe("grace.h+work@example.com");
    expect(foldEmail("JO\u0308RG@x.de")).toBe(foldEmail("j\u00f6rg@x.de"));
    expect(foldEmail("\u039f\u0394\u039f\u03a3@x.de")).toBe(foldEmail("\u03bf\u03b4\u03bf\u03c3@x.de"));
    expect(foldEmail("stra\u00dfe@x.de")).not.toBe(foldEmail("strasse@x.de"));
  });

  test("are masked to their first character and host", () => {
    expect(maskEmail("james@acme.com")).toBe("j***@acme.com");
    expect(maskEmail("🦊ox@acme.com")).toBe("🦊***@acme.com");
  });
});

describe("an invite", () => {
  test("expires by itself at its instant, and only while it is pending", () => {
    expect(statusAt("pending", 100, 99)).toBe("pending");
    expect(statusAt("pending", 100, 100)).toBe("expired");
    expect(statusAt("accepted", 100, 200)).toBe("accepted");
    expect(inviteLifetime(defaultPolicies)).toBe(604_800_000);
  });

  test("is for a verified, matching address", () => {
    const account = (email: string | null, emailVerified = true) =>
      codeOf(() => assertInvitee("a@b.co", { email, emailVerified }));
    expect(account("A@B.co")).toBe("ok");
    expect(account("A@B.co", false)).toBe("email_not_verified");
    expect(account("x@b.co")).toBe("invite_email_mismatch");
    expect(account("x@b.co", false)).toBe("invite_email_mismatch");
    expect(account(null)).toBe("invite_email_mismatch");
  });

  test("is accepted while pending only", () => {
    expect(codeOf(() => assertPending("pending"))).toBe("ok");
    expect(codeOf(() => assertPending("expired"))).toBe("invite_expired");
    expect(codeOf(() => assertPending("accepted"))).toBe("invite_not_pending");
    expect(codeOf(() => assertPending("revoked"))).toBe("invite_not_pending");
  });

  test("has a role up to the inviter's own, member by default, and a named one where that is required", () => {
    const strict = { ...defaultPolicies, invites: { ...defaultPolicies.invites, roleRequired: true } };
    expect(decideInviteRole(undefined, "admin", defaultPolicies)).toBe("member");
    expect(decideInviteRole("admin", "admin", defaultPolicies)).toBe("admin");
    expect(codeOf(() => decideInviteRole("admin", "member", defaultPolicies))).toBe("forbidden");
    expect(codeOf(() => decideInviteRole("owner", "owner", defaultPolicies))).toBe("invalid_role");
    expect(codeOf(() => decideInviteRole(undefined, "owner", strict))).toBe("validation_failed");
  });
});
