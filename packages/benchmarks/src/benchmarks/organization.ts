import { randomBytes } from "node:crypto";
import type { Benchmark, Comparison, SidePlace } from "../benchmark.ts";
import type { KnownRequest } from "../loads/http-requests.ts";
import { installPeers } from "../peers.ts";
import { startApi, startServer } from "../servers.ts";
import { type Person, populateSocieties } from "../societies.ts";
import type { Stage } from "../stage.ts";

const connections = 32;
const organizations = 100;
const anchors = ["../peers/better-auth.mjs", "../peers/package-lock.json"];

/** What each side is asked of a person, and what a right answer holds. */
type Question = (person: Person) => KnownRequest;

/**
 * Whether a person may invite others: ours answers with everything that the person may do, Better Auth with one boolean
 * for the permission that was named.
 */
export const permission: Benchmark = {
  name: "permission",
  title: "what a member of an organization may do, over HTTP, against Better Auth's organization plugin",
  anchors,
  durable: false,
  async prepare(stage) {
    const compare = await openSocieties(stage);
    return [
      compare(
        "permission check of one of 2,100 members",
        (person) =>
          asUs(
            person,
            calls("permissions.get"),
            person.role === "member" ? ['"role":"member"'] : [`"role":"${person.role}"`, '"invites.manage"'],
          ),
        (person, url) => ({
          ...asThem(person, "/organization/has-permission", [`"success":${person.role !== "member"}`]),
          method: "POST",
          headers: { cookie: person.cookie, origin: url },
          body: JSON.stringify({
            organizationId: person.organizationId,
            permissions: { invitation: ["create"] },
          }),
        }),
      ),
    ];
  },
};

/**
 * The people of an organization. Both answer 21 members with name, e-mail and role; for the whole organization also its
 * name and slug and 3 open invites, ours (two calls in one request) how its seats stand too. The owner and the admins
 * ask for it: Better Auth shows invites to nobody else.
 */
export const organization: Benchmark = {
  name: "organization",
  title:
    "an organization with its 21 members and 3 invites, over HTTP, against Better Auth's organization plugin",
  anchors,
  durable: false,
  async prepare(stage) {
    const compare = await openSocieties(stage);
    const people = ['"person-', "friend-2@example.com"];
    return [
      compare(
        "full organization",
        (person) => asUs(person, calls("organizations.get", "members.list"), ["organization-", ...people]),
        (person) =>
          asThem(person, `/organization/get-full-organization?organizationId=${person.organizationId}`, [
            "organization-",
            ...people,
          ]),
        ["owner", "admin"],
      ),
      compare(
        "list members",
        (person) => asUs(person, calls("members.list"), ['"person-']),
        (person) =>
          asThem(person, `/organization/list-members?organizationId=${person.organizationId}`, ['"person-']),
      ),
    ];
  },
};

/** Calls as tRPC's client puts them into one request. */
function calls(...procedures: string[]): string {
  const input = JSON.stringify({ ...procedures.map(() => ({ organizationId: "current" })) });
  return `/trpc/${procedures.join(",")}?batch=1&input=${encodeURIComponent(input)}`;
}

function asUs({ secret }: Person, path: string, expected: string[]): KnownRequest {
  return { method: "GET", path, headers: { authorization: `Bearer ${secret}` }, expected };
}

function asThem({ cookie }: Person, path: string, expected: string[]): KnownRequest {
  return { method: "GET", path: `/api/auth${path}`, headers: { cookie }, expected };
}

/** A comparison of two questions; `roles`: who asks them, absent everybody. */
type Compare = (
  label: string,
  ours: Question,
  theirs: (person: Person, url: string) => KnownRequest,
  roles?: Person["role"][],
) => Comparison;

/** Both servers, with the same people in each; answers how two questions become a comparison. */
async function openSocieties(stage: Stage): Promise<Compare> {
  await installPeers();
  const [ours, theirs] = [await stage.createDatabase(), await stage.createDatabase()];
  const secret = randomBytes(32).toString("hex");
  const theirUrl = await startServer(stage, "packages/benchmarks/peers/better-auth.mjs", {
    NODE_ENV: "production",
    DATABASE_URL: theirs.adminUrl,
    SECRET: secret,
  });
  const people = await populateSocieties(ours, theirs, organizations, secret);
  const url = await startApi(stage, ours);
  const side = (at: string, requests: KnownRequest[]): SidePlace => ({
    module: "loads/http-requests.ts",
    parameters: { url: at, connections, requests },
  });
  return (label, ourQuestion, theirQuestion, roles = ["owner", "admin", "member"]) => {
    const callers = people.filter(({ role }) => roles.includes(role));
    return {
      label,
      ours: side(url, callers.map(ourQuestion)),
      anchor: side(
        theirUrl,
        callers.map((person) => theirQuestion(person, theirUrl)),
      ),
      goals: [{ measure: "throughput", least: 10 }],
    };
  };
}
