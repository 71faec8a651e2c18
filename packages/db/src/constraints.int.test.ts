import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "./client.ts";
import { insertInvites } from "./invite-writes.ts";
import { insertMembership } from "./members.ts";
import { claimSlug, moveSlug } from "./organizations.ts";
import { type Tx, withOrganization } from "./tenancy.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createFactory, type Factory } from "./testing/factories.ts";

let scratch: TestDatabase;
let api: Database;
let make: Factory;
let organization: string;

beforeAll(async () => {
  scratch = await createTestDatabase();
  api = await scratch.connect("hr_api");
  make = createFactory(scratch.admin);
  await make.plan("free", {});
  organization = await make.organization();
});
afterAll(() => scratch?.drop());

const refused = (code: string, work: (tx: Tx) => Promise<unknown>) =>
  expect(withOrganization(api, organization, work)).rejects.toMatchObject({ name: "DomainError", code });

test("the walls behind the rules answer in the rules' words", async () => {
  const owner = await make.member(organization, "owner");
  const outsider = await make.member(await make.organization());
  const at = new Date();
  const membership = { organizationId: organization, id: uuidv7(), at };

  await refused("already_member", (tx) =>
    insertMembership(tx, { ...membership, userId: owner, role: "member" }),
  );
  await refused("invalid_role", (tx) =>
    insertMembership(tx, { ...membership, userId: outsider, role: "owner" }),
  );

  const invite = (tx: Tx) =>
    insertInvites(tx, organization, [
      {
        id: uuidv7(),
        email: "Grace@example.com",
        emailFolded: "grace@example.com",
        role: "member",
        tokenHash: Buffer.from(uuidv7()),
        invitedBy: null,
        acceptedBy: null,
        at,
        expiresAt: at,
      },
    ]);
  await withOrganization(api, organization, invite);
  await refused("already_invited", invite);

  const other = await make.organization();
  expect(await withOrganization(api, other, (tx) => claimSlug(tx, other, "taken"))).toBe(true);
  expect(await withOrganization(api, organization, (tx) => claimSlug(tx, organization, "taken"))).toBe(false);
  await withOrganization(api, organization, (tx) => claimSlug(tx, organization, "free"));
  await refused("slug_taken", (tx) => moveSlug(tx, organization, "taken"));
});

test("any other violation stays what it is: a fault of ours", async () => {
  const twice = withOrganization(api, organization, (tx) =>
    tx
      .insertInto("organization")
      .values({ id: organization, name: "x", slug: "x", created_at: new Date(), updated_at: new Date() })
      .execute(),
  );
  await expect(twice).rejects.toMatchObject({ code: "23505", constraint: "organization_pkey" });
});
