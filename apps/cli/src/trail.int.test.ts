import { readFileSync } from "node:fs";
import path from "node:path";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { encodeId } from "@headroom/domain/ids";
import { createLogger } from "@headroom/platform/log";
import { resolveKey } from "@headroom/service/api-keys";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runProgram } from "./program.ts";

let database: TestDatabase;
let make: Factory;
beforeAll(async () => {
  database = await createTestDatabase();
  make = createFactory(database.admin);
});
afterAll(() => database?.drop());

const root = path.join(import.meta.dirname, "../../..");

async function headroom(...parameters: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const environment = {
    HEADROOM_ENV: "development",
    HEADROOM_CONFIG: path.join(root, "headroom.config.ts"),
    DATABASE_URL: database.url,
    USER: "kim",
  };
  const code = await runProgram(parameters, environment, { ...terminal, isWatched: false });
  return { code, out: out.join(""), err: err.join("") };
}

const json = ({ code, out }: Awaited<ReturnType<typeof headroom>>) => ({ code, ...JSON.parse(out) });
const works = async (secret: string) => {
  const log = createLogger({ service: "test", level: "silent" });
  return (await resolveKey({ db: await database.connect("hr_api"), log }, secret)) !== null;
};

test("plans push is an act when it changes something", async () => {
  await headroom("plans", "push", "--dry-run");
  await headroom("plans", "push");
  await headroom("plans", "push");
  const { acts } = json(await headroom("audit", "operators", "--json"));
  const pushes = acts.filter(({ action }: { action: string }) => action === "plans.pushed");
  expect(pushes).toMatchObject([{ actor: "kim", data: { plans: [{ id: "free" }, { id: "pro" }] } }]);
});

test("platform keys: made, listed, rotated, revoked, each on the operators' trail", async () => {
  const made = json(
    await headroom("keys", "create", "--platform", "--name", "dev", "--scopes", "usage:read", "--json"),
  );
  const people = await headroom("keys", "list");
  expect(people.out).toContain(`${made.id}  dev`);
  expect(people.out).not.toContain(made.key);
  const next = json(await headroom("keys", "rotate", made.id, "--overlap", "60", "--json"));
  expect([await works(made.key), await works(next.key)]).toEqual([true, true]);
  expect(await headroom("keys", "revoke", made.id)).toMatchObject({ code: 0 });
  expect([await works(made.key), await works(next.key)]).toEqual([false, true]);
  const again = await headroom("keys", "rotate", made.id);
  expect(again).toMatchObject({ code: 1, out: "", err: expect.stringContaining("revoked or expired") });
  const ids = async (...more: string[]) =>
    json(await headroom("keys", "list", "--json", ...more)).keys.map(({ id }: { id: string }) => id);
  expect(await ids()).toEqual([next.id]);
  expect(await ids("--include-revoked")).toEqual([made.id, next.id]);
  const { acts } = json(await headroom("audit", "operators", "--json"));
  expect(acts).toMatchObject([
    { seq: 4, actor: "kim", action: "platform_key.revoked", target: made.id },
    { seq: 3, actor: "kim", action: "platform_key.rotated", target: made.id },
    { seq: 2, actor: "kim", action: "platform_key.created", target: made.id },
    { seq: 1, action: "plans.pushed" },
  ]);
  expect((await headroom("audit", "operators", "--limit", "1")).out).toMatch(
    /^\S+Z {2}kim {2}platform_key\.revoked {2}key_/,
  );
});

test("an organization's keys are listed, rotated and revoked, on its own trail", async () => {
  const organization = encodeId("org", await make.organization());
  const own = ["--organization", organization];
  const made = json(
    await headroom("keys", "create", ...own, "--name", "CI", "--scopes", "usage:write", "--json"),
  );
  const next = json(await headroom("keys", "rotate", made.id, ...own, "--json"));
  expect([await works(made.key), await works(next.key)]).toEqual([false, true]);
  expect(json(await headroom("keys", "list", ...own, "--json")).keys).toMatchObject([
    { id: next.id, name: "CI" },
  ]);
  expect(json(await headroom("keys", "revoke", next.id, ...own, "--json")).revokedAt).not.toBeNull();
  expect(await works(next.key)).toBe(false);
  const { rows } = await database.admin.query(
    "select actor_id, action from headroom.audit_entry where organization_id = $1 order by seq",
    [organization.slice(4)],
  );
  expect(rows).toEqual([
    { actor_id: "kim", action: "api_key.created" },
    { actor_id: "kim", action: "api_key.rotated" },
    { actor_id: "kim", action: "api_key.revoked" },
  ]);
});

test("users export and erase: a dry run first, then nothing is left, and the trail holds", async () => {
  const organization = await make.organization();
  await make.member(organization, "owner");
  const userId = await make.member(organization);
  const user = encodeId("usr", userId);
  await database.admin.query(
    "update headroom.account set email = 'zeb@example.com', name = 'Zeb' where id = $1",
    [userId],
  );
  const exported = JSON.parse((await headroom("users", "export", "ZEB@example.com")).out);
  expect(exported).toMatchObject({
    account: { id: user, email: "zeb@example.com" },
    organizations: [{ id: encodeId("org", organization), membership: { role: "member" } }],
  });
  const planned = await headroom("users", "erase", user);
  expect(planned).toMatchObject({ code: 0, out: expect.stringContaining("add --yes") });
  expect((await headroom("users", "export", user)).out).toContain("zeb@example.com");
  expect(json(await headroom("users", "erase", user, "--yes", "--json"))).toMatchObject({
    code: 0,
    erased: true,
  });
  expect((await headroom("users", "export", user)).out).not.toMatch(/zeb/i);
  expect(await headroom("users", "export", "zeb@example.com")).toMatchObject({ code: 1, out: "" });
  expect(json(await headroom("audit", "verify", "--json"))).toMatchObject({ code: 0, faults: [] });
});

test("the last owner is not erased, and the organizations are named", async () => {
  const organization = await make.organization();
  const user = encodeId("usr", await make.member(organization, "owner"));
  const refused = await headroom("users", "erase", user);
  expect(refused).toMatchObject({ code: 1, out: "" });
  expect(refused.err).toContain(`last owner of Acme (${encodeId("org", organization)})`);
});

test("audit verify ends with 1 and names the organization and the entry", async () => {
  const organization = await make.organization();
  const id = encodeId("org", organization);
  for (const name of ["one", "two", "three"]) {
    await headroom("keys", "create", "--organization", id, "--name", name, "--scopes", "usage:write");
  }
  const good = await headroom("audit", "verify", "--organization", id);
  expect(good).toEqual({ code: 0, out: "3 entries of 1 trails checked, 0 trails do not hold\n", err: "" });
  await database.admin.query(
    "update headroom.audit_entry set actor_id = 'lee' where organization_id = $1 and seq = 2",
    [organization],
  );
  expect(json(await headroom("audit", "verify", "--json"))).toMatchObject({
    code: 1,
    faults: [{ organizationId: id, seq: 2, fault: "altered" }],
  });
  const people = await headroom("audit", "verify");
  expect(people.code).toBe(1);
  expect(people.out).toMatch(new RegExp(`${id}\\s+2\\s+the entry is not what its hash was taken of\n`));
});

const documented = (file: string) =>
  readFileSync(path.join(root, "docs", file), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("headroom "))
    .map((line) => line.split(" ").slice(1));

test("what the documents tell to type works", async () => {
  const organization = await make.organization();
  const platform = await headroom(
    "keys",
    "create",
    "--platform",
    "--name",
    "p",
    "--scopes",
    "usage:read",
    "--json",
  );
  const standIns: [RegExp, string][] = [
    [/^org_\S+$/, encodeId("org", organization)],
    [/^usr_\S+$/, encodeId("usr", await make.member(organization))],
    [/^key_\S+$/, json(platform).id],
  ];
  const standIn = (word: string) => standIns.find(([pattern]) => pattern.test(word))?.[1] ?? word;
  await database.admin.query("delete from headroom.audit_entry; delete from headroom.audit_head");
  const commands = ["audit.md", "api-keys.md"].flatMap(documented);
  expect(commands.length).toBeGreaterThan(8);
  for (const command of commands) {
    const words = command.map(standIn);
    expect([words, await headroom(...words)]).toMatchObject([words, { code: 0 }]);
  }
});
