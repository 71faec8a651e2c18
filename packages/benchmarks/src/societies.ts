import { createHash, createHmac } from "node:crypto";
import { createFactory } from "@headroom/db/testing/factories";
import { uuidv7 } from "@headroom/platform/uuid";
import pg from "pg";
import { secretOf } from "./draws.ts";
import type { StageDatabase } from "./stage.ts";

/** People of a society: the owner, two admins, and members. */
const membersEach = 21;
const invitesEach = 3;

/** Somebody who calls. */
export interface Person {
  /** The organization's UUID; the same on both sides. */
  organizationId: string;
  role: "owner" | "admin" | "member";
  /** What they present to us: a personal key of theirs. */
  secret: string;
  /** What they present to Better Auth: the cookie of a session of theirs. */
  cookie: string;
}

interface Rows {
  organizations: string[];
  people: { id: string; organizationId: string; role: Person["role"]; secret: string; token: string }[];
  invites: { id: string; organizationId: string; email: string }[];
}

/**
 * Organizations with 21 members and 3 open invites, the same in both databases: ours, and one where Better Auth has made
 * its tables already. Every member has a personal key there and a session here.
 * @param sessionSecret what Better Auth signs its cookies with
 */
export async function populateSocieties(
  ours: StageDatabase,
  theirs: StageDatabase,
  organizations: number,
  sessionSecret: string,
): Promise<Person[]> {
  const rows = draw(organizations);
  await fill(ours.adminUrl, async (admin) => {
    const plan = { pages: { dailyLimit: null, included: null, overage: null } };
    await createFactory(admin).plan("free", plan);
    for (const statement of ourRows) await insert(admin, statement, rows);
  });
  await fill(theirs.adminUrl, async (admin) => {
    for (const statement of theirRows) await insert(admin, statement, rows);
  });
  return rows.people.map(({ organizationId, role, secret, token }) => ({
    organizationId,
    role,
    secret,
    cookie: `better-auth.session_token=${encodeURIComponent(`${token}.${signature(token, sessionSecret)}`)}`,
  }));
}

function draw(count: number): Rows {
  const organizations = Array.from({ length: count }, () => uuidv7());
  const people = organizations.flatMap((organizationId, place) =>
    Array.from({ length: membersEach }, (_, member) => ({
      id: uuidv7(),
      organizationId,
      role: member === 0 ? ("owner" as const) : member < 3 ? ("admin" as const) : ("member" as const),
      secret: secretOf(place * membersEach + member),
      token: createHash("sha256")
        .update(secretOf(place * membersEach + member))
        .digest("hex")
        .slice(0, 32),
    })),
  );
  const invites = organizations.flatMap((organizationId) =>
    Array.from({ length: invitesEach }, (_, place) => ({
      id: uuidv7(),
      organizationId,
      email: `friend-${place}@example.com`,
    })),
  );
  return { organizations, people, invites };
}

function signature(token: string, secret: string): string {
  return createHmac("sha256", secret).update(token).digest("base64");
}

async function fill(url: string, work: (admin: pg.Pool) => Promise<void>): Promise<void> {
  const admin = new pg.Pool({ connectionString: url, max: 1 });
  try {
    await work(admin);
    await admin.query("vacuum analyze");
  } finally {
    await admin.end();
  }
}

/** Statements name what they take: organizations `o`, people `p`, invites `i`. */
async function insert(admin: pg.Pool, statement: string, rows: Rows): Promise<void> {
  const people = rows.people.map(({ secret, ...person }) => ({
    ...person,
    hash: createHash("sha256").update(secret).digest("hex"),
  }));
  const data = JSON.stringify({ ...rows, people });
  await admin.query(
    `with data as (select $1::jsonb as all), o as (
        select id::uuid, place from data, jsonb_array_elements_text(data.all -> 'organizations') with ordinality o (id, place)
      ), p as (
        select p.*, row_number() over () as place from data, jsonb_to_recordset(data.all -> 'people')
          as p (id uuid, "organizationId" uuid, role text, token text, hash text)
      ), i as (
        select i.* from data, jsonb_to_recordset(data.all -> 'invites') as i (id uuid, "organizationId" uuid, email text)
      ) ${statement}`,
    [data],
  );
}

const ourRows = [
  `insert into headroom.organization (id, name, slug, time_zone, created_at, updated_at)
     select id, 'Organization ' || place, 'organization-' || place, 'UTC', now(), now() from o`,
  `insert into headroom.subscription (organization_id, base_plan_id, base_plan_version, updated_at)
     select id, 'free', 1, now() from o`,
  `insert into headroom.account (id, issuer, subject, email, email_verified, name, created_at, updated_at)
     select id, 'bench', id::text, 'person-' || place || '@example.com', true, 'Person ' || place, now(), now() from p`,
  `insert into headroom.membership (organization_id, id, user_id, role, created_at, updated_at)
     select "organizationId", id, id, role, now(), now() from p`,
  `insert into headroom.api_key (organization_id, id, name, scopes, secret_prefix, member_id, created_at)
     select "organizationId", id, 'bench', '{organizations:read,members:read,members:write}', 'hr_test', id, now() from p`,
  `insert into headroom.api_key_hash (secret_hash, organization_id, api_key_id)
     select decode(hash, 'hex'), "organizationId", id from p`,
  `insert into headroom.invite (organization_id, id, email, email_folded, role, status, token_hash, created_at,
       updated_at, expires_at)
     select "organizationId", id, email, email, 'member', 'pending', sha256(id::text::bytea), now(), now(),
       now() + interval '7 days' from i`,
];

const theirRows = [
  `insert into "organization" (id, name, slug, "createdAt")
     select id, 'Organization ' || place, 'organization-' || place, now() from o`,
  `insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
     select id, 'Person ' || place, 'person-' || place || '@example.com', true, now(), now() from p`,
  `insert into "member" (id, "organizationId", "userId", role, "createdAt")
     select id, "organizationId", id, role, now() from p`,
  `insert into "session" (id, "expiresAt", token, "createdAt", "updatedAt", "userId")
     select id, now() + interval '7 days', token, now(), now(), id from p`,
  `insert into "invitation" (id, "organizationId", email, role, status, "expiresAt", "createdAt", "inviterId")
     select i.id, i."organizationId", email, 'member', 'pending', now() + interval '7 days', now(), o.id
     from i join p o on o."organizationId" = i."organizationId" and o.role = 'owner'`,
];
