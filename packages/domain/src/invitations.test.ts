import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultPolicies, type Policies } from "./configuration.ts";
import {
  type AddressFacts,
  decideInvitations,
  decideResend,
  type Invitation,
  parseInvitation,
} from "./invitations.ts";
import { type SeatCounts, seatsOf } from "./seats.ts";

const counts: SeatCounts = {
  plan: { planId: "free", kind: "licensed", included: 3, max: null },
  purchased: 0,
  members: { owner: 1, admin: 0, member: 0 },
  pending: 0,
  override: null,
};

const under = (invites: Partial<Policies["invites"]>): Policies => ({
  ...defaultPolicies,
  invites: { ...defaultPolicies.invites, ...invites },
});

const stranger: AddressFacts = {
  isMember: false,
  openInviteId: null,
  hasAccount: false,
  verifiedUserIds: [],
};

function decide(
  emails: readonly string[],
  {
    policies = defaultPolicies,
    seats = counts,
    ...addresses
  }: Record<string, unknown> & {
    policies?: Policies;
    seats?: SeatCounts;
  } = {},
) {
  const parsed = emails.map((email, index) =>
    parseInvitation({ inviteId: `inv_${index}`, email }, "owner", policies),
  );
  const known = new Map(Object.entries(addresses as Record<string, AddressFacts>));
  return decideInvitations(parsed, { addresses: known, seats, policies });
}

const outcomes = (decisions: ReturnType<typeof decide>) =>
  decisions.map((one) => (one.kind === "refused" ? one.error.code : one.kind));

describe("inviting", () => {
  test("each sees what those before it have taken", () => {
    expect(outcomes(decide(["a@x.io", "A@x.io", "no address", "b@x.io", "c@x.io"]))).toEqual([
      "invited",
      "already_invited",
      "validation_failed",
      "invited",
      "full",
    ]);
  });

  test("the second of one address is told the first one's invite", () => {
    const [, second] = decide(["a@x.io", "a@x.io"]);
    expect(second).toMatchObject({ error: { details: { inviteId: "inv_0" } } });
  });

  test("members and addresses with an open invite are refused before seats are asked for", () => {
    const full = { ...counts, pending: 2 };
    const known = {
      "a@x.io": { ...stranger, isMember: true },
      "b@x.io": { ...stranger, openInviteId: "inv_9" },
    };
    expect(outcomes(decide(["a@x.io", "b@x.io", "c@x.io"], { seats: full, ...known }))).toEqual([
      "already_member",
      "already_invited",
      "full",
    ]);
  });

  test("invites.requireAccount needs an account, verified or not", () => {
    const policies = under({ requireAccount: true });
    const known = { "a@x.io": { ...stranger, hasAccount: true } };
    expect(outcomes(decide(["a@x.io", "b@x.io"], { policies, ...known }))).toEqual([
      "invited",
      "user_not_found",
    ]);
  });

  test("invites.mode: direct takes exactly one account that has verified the address", () => {
    const policies = under({ mode: "direct" });
    const known = {
      "one@x.io": { ...stranger, hasAccount: true, verifiedUserIds: ["u1"] },
      "two@x.io": { ...stranger, hasAccount: true, verifiedUserIds: ["u2", "u3"] },
      "none@x.io": { ...stranger, hasAccount: true },
    };
    const seats = { ...counts, purchased: 10 };
    const emails = ["one@x.io", "two@x.io", "none@x.io", "one@x.io"];
    expect(outcomes(decide(emails, { policies, seats, ...known }))).toEqual([
      "joined",
      "invited",
      "invited",
      "already_member",
    ]);
    expect(outcomes(decide(emails.slice(0, 1), { seats, ...known }))).toEqual(["invited"]);
  });

  test("who joins directly takes no seat that an open invite keeps", () => {
    const policies = under({ mode: "direct" });
    const known = { "a@x.io": { ...stranger, hasAccount: true, verifiedUserIds: ["u1"] } };
    expect(outcomes(decide(["a@x.io"], { policies, seats: { ...counts, pending: 2 }, ...known }))).toEqual([
      "full",
    ]);
  });

  test("never more than the seats, and none is refused while one is free", () => {
    const people = fc.record({
      isMember: fc.boolean(),
      verified: fc.nat(2),
      open: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(6), people), { maxLength: 30 }),
        fc.nat(8),
        fc.nat(3),
        fc.boolean(),
        fc.constantFrom("all_members" as const, "excluding_owner" as const),
        fc.constantFrom("accept" as const, "direct" as const),
        (invited, included, pending, countPending, basis, mode) => {
          const policies: Policies = { ...under({ mode }), seats: { basis, countPending } };
          const known = Object.fromEntries(
            invited.map(([index, { isMember, verified, open }]) => [
              `${index}@x.io`,
              {
                isMember,
                hasAccount: verified > 0,
                openInviteId: open ? "inv_before" : null,
                verifiedUserIds: ["u1", "u2"].slice(0, verified),
              },
            ]),
          );
          const seats = { ...counts, pending, plan: { ...counts.plan, included } };
          const decisions = decide(
            invited.map(([index]) => `${index}@x.io`),
            { policies, seats, ...known },
          );
          const invitedCount = decisions.filter(({ kind }) => kind === "invited").length;
          const joinedCount = decisions.filter(({ kind }) => kind === "joined").length;
          const before = seatsOf({ ...seats, policies });
          const after = before.used + joinedCount + (countPending ? invitedCount : 0);
          expect(after).toBeLessThanOrEqual(Math.max(before.used, included));
          if (decisions.some(({ kind }) => kind === "full")) expect(after).toBeGreaterThanOrEqual(included);
        },
      ),
    );
  });
});

test("an invitation that is not well formed is a refusal, not a fault", () => {
  const parse = (asked: Partial<Invitation>, policies = defaultPolicies) =>
    parseInvitation({ inviteId: "inv_0", email: "a@x.io", ...asked }, "admin", policies);
  expect(parse({ email: " Ada@X.io " })).toEqual({
    kind: "candidate",
    inviteId: "inv_0",
    email: "Ada@X.io",
    emailFolded: "ada@x.io",
    role: "member",
  });
  expect(parse({ role: "owner" })).toMatchObject({ error: { code: "invalid_role" } });
  expect(parse({}, under({ roleRequired: true }))).toMatchObject({ error: { code: "validation_failed" } });
});

describe("resending", () => {
  const free = { isMember: false, openInviteId: null };
  const codeOf = (work: () => unknown) => {
    try {
      return work();
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  test("an open one keeps its seat, an expired one needs one again", () => {
    expect(decideResend("pending", { ...free, openInviteId: "inv_own" })).toEqual({ needsSeat: false });
    expect(decideResend("expired", free)).toEqual({ needsSeat: true });
  });

  test.each(["accepted", "declined", "revoked"] as const)("one that is %s stays so", (status) => {
    expect(codeOf(() => decideResend(status, free))).toBe("invite_not_pending");
  });

  test("an address that has joined or has a newer invite needs none", () => {
    expect(codeOf(() => decideResend("pending", { ...free, isMember: true }))).toBe("already_member");
    expect(codeOf(() => decideResend("expired", { ...free, openInviteId: "inv_9" }))).toBe("already_invited");
  });
});
