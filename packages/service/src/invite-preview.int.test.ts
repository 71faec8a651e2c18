import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { acceptInvite } from "./invite-acceptance.ts";
import { declineInvite, previewInvite } from "./invite-preview.ts";
import { reissueInvite } from "./invite-resending.ts";
import { revokeInvite } from "./invites.ts";
import { accessTo, createWorld, invite, outcomeOf, rawId, type World } from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterEach(async () => {
  await world.seats(100);
  await world.scratch.admin.query("update headroom.dev_clock set clock_offset = '0'");
});
afterAll(() => world?.close());

const moveClock = (interval: string) =>
  world.scratch.admin.query("update headroom.dev_clock set clock_offset = $1::interval", [interval]);

async function invited() {
  const owner = await world.person();
  const organization = await world.organization(owner);
  const access = await accessTo(world.context, owner, organization, "invites.manage");
  const person = await world.person();
  const { token, invite: issued } = await invite(world.context, organization, owner, person.email);
  return { owner, organization, access, person, token, inviteId: rawId(issued) };
}

const preview = (token: string) => previewInvite(world.context, { token });
const decline = (token: string) => declineInvite(world.context, { token });

describe("the preview of an invite", () => {
  test("that is open, accepted, declined or expired says so", async () => {
    const open = await invited();
    expect(await preview(open.token)).toMatchObject({ state: "pending" });
    const accepted = await invited();
    await acceptInvite(world.context, accepted.person, accepted);
    expect(await preview(accepted.token)).toMatchObject({ state: "accepted" });
    const declined = await invited();
    await decline(declined.token);
    expect(await preview(declined.token)).toMatchObject({ state: "declined" });
    await moveClock("8 days");
    expect(await preview(open.token)).toMatchObject({ state: "expired" });
    expect(await preview(accepted.token)).toMatchObject({ state: "accepted" });
  });

  test("that is unknown, revoked, resent or of a deleted organization is the same 404", async () => {
    const refusalOf = async (token: string) => {
      const { code, message, details } = await preview(token).catch((error) => error);
      return { code, message, details };
    };
    const unknown = await refusalOf(uuidv7());
    expect(unknown).toMatchObject({ code: "invite_not_found", details: {} });
    const revoked = await invited();
    await revokeInvite(world.context, revoked.access, revoked);
    expect(await refusalOf(revoked.token)).toEqual(unknown);
    const resent = await invited();
    await reissueInvite(world.context, resent.access, resent);
    expect(await refusalOf(resent.token)).toEqual(unknown);
    const gone = await invited();
    await world.scratch.admin.query("update headroom.organization set deleted_at = now() where id = $1", [
      gone.organization,
    ]);
    expect(await refusalOf(gone.token)).toEqual(unknown);
    expect(await outcomeOf(decline(gone.token))).toBe("invite_not_found");
    expect(await outcomeOf(acceptInvite(world.context, gone.person, gone))).toBe("invite_not_found");
    expect(await refusalOf(gone.inviteId)).toEqual(unknown);
  });

  test("names nobody's address: the inviter without a name and the invitee are masked", async () => {
    const { owner, token } = await invited();
    await world.scratch.admin.query("update headroom.account set name = null where id = $1", [owner.userId]);
    const answer = JSON.stringify(await preview(token));
    expect(answer).toContain("***@example.com");
    expect(answer).not.toContain(owner.email);
  });
});

describe("declining", () => {
  test("ends the invite, frees its seat, and answers the same again", async () => {
    await world.seats(2);
    const { owner, organization, person, token } = await invited();
    const again = () => outcomeOf(invite(world.context, organization, owner, "other@example.com"));
    expect(await again()).toBe("seat_limit_reached");
    const answer = await decline(token);
    expect(answer).toMatchObject({ state: "declined", organization: { name: "Acme" } });
    expect(answer.email).toMatch(/^.\*\*\*@example\.com$/);
    expect(await decline(token)).toEqual(answer);
    expect(await outcomeOf(acceptInvite(world.context, person, { token }))).toBe("invite_not_pending");
    expect(await again()).toBe("ok");
    const { rows } = await world.scratch.admin.query(
      "select from headroom.event where organization_id = $1 and name = 'invite.declined'",
      [organization],
    );
    expect(rows).toHaveLength(1);
  });

  test("needs a pending one", async () => {
    expect(await outcomeOf(decline("no token"))).toBe("invite_not_found");
    const accepted = await invited();
    await acceptInvite(world.context, accepted.person, accepted);
    expect(await outcomeOf(decline(accepted.token))).toBe("invite_not_pending");
    expect(await world.roles(accepted.organization)).toEqual({ owner: 1, member: 1 });
    const revoked = await invited();
    await revokeInvite(world.context, revoked.access, revoked);
    expect(await outcomeOf(decline(revoked.token))).toBe("invite_not_found");
    const expired = await invited();
    await moveClock("7 days 1 second");
    expect(await outcomeOf(decline(expired.token))).toBe("invite_expired");
  });
});
