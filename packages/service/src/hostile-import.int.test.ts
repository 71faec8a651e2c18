import { execFile } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FileImportInput, importFile } from "./import/file-import.ts";
import { importCustomers } from "./import/stripe-import.ts";
import { readStripeMapping } from "./import/stripe-mapping.ts";
import {
  createMovingBench,
  issuer,
  type MovingBench,
  operator,
  organizationLines,
} from "./testing/moving-bench.ts";

const configurationFile = fileURLToPath(import.meta.resolve("../../../headroom.config.ts"));

let bench: MovingBench;
beforeAll(async () => {
  bench = await createMovingBench();
  await bench.link(bench.priceLines());
});
afterAll(() => bench?.close());

const run = (file: string, more: Partial<FileImportInput> = {}) =>
  importFile(bench.api, {
    file,
    dryRun: false,
    skipBad: false,
    operator,
    issuers: new Set<string>(),
    ...more,
  });

const members = async (externalId: string) =>
  (
    await bench.rows(
      `select a.subject from headroom.organization_reference r
       join headroom.membership m on m.organization_id = r.organization_id join headroom.account a on a.id = m.user_id
       where r.external_id = $1 order by 1`,
      externalId,
    )
  ).map(({ subject }) => subject);
const links = async () =>
  (
    await bench.rows(
      `select s.customer_id, r.external_id from headroom.stripe_customer s
       join headroom.organization_reference r using (organization_id) order by 1`,
    )
  ).map((row) => `${row.customer_id} ${row.external_id}`);
const outcomes = ({ customers }: Awaited<ReturnType<MovingBench["link"]>>) =>
  Object.fromEntries(customers.map(({ customer, outcome }) => [customer, outcome]));

test("two imports of one file at once, and one after them: everybody is there once", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `race-${index}`);
  const forwards = bench.file(names.flatMap((name) => organizationLines(name, 2)));
  const backwards = bench.file(names.toReversed().flatMap((name) => organizationLines(name, 2).toReversed()));
  const ended = await Promise.allSettled([run(forwards), run(backwards)]);
  for (const one of ended) {
    // Whoever comes second to an organization is told to come again.
    if (one.status === "rejected") expect(String(one.reason)).toContain("run this one again");
  }
  expect(ended.map(({ status }) => status)).toContain("fulfilled");
  expect(await run(backwards)).toMatchObject({
    users: { created: 0 },
    organizations: { created: 0, existing: 12 },
  });
  for (const name of names) expect(await members(name)).toEqual([`${name}-0`, `${name}-1`, `${name}-2`]);
});

test("an import that waits for another one holds nothing that the other will ask for", async () => {
  const [a, b] = [await bench.organization(), await bench.organization()];
  const other = await bench.scratch.admin.connect();
  const claim = (externalId: string, { id }: { id: string }) =>
    other.query("insert into headroom.organization_reference values ($1, $2)", [externalId, id]);
  const waits = () => bench.rows("select 1 from pg_locks where not granted and locktype = 'transactionid'");
  try {
    await other.query("begin");
    await claim("order-a", a);
    const importing = run(bench.file([...organizationLines("order-b"), ...organizationLines("order-a")]));
    await expect.poll(async () => (await waits()).length).toBe(1);
    await other.query("set local lock_timeout = '300ms'");
    await claim("order-b", b);
    await other.query("rollback");
    expect(await importing).toMatchObject({ organizations: { created: 2 } });
  } finally {
    other.release();
  }
});

test("a file that changes after the dry run is imported as it is then; one that changes while it is read is left", async () => {
  const file = bench.file(organizationLines("before"));
  expect(await run(file, { dryRun: true })).toMatchObject({ faults: [], organizations: { created: 1 } });
  writeFileSync(
    file,
    organizationLines("after")
      .map((line) => JSON.stringify(line))
      .join("\n"),
  );
  expect(await run(file)).toMatchObject({ imported: true });
  expect([await members("before"), await members("after")]).toEqual([[], ["after-0"]]);

  const moving = bench.file(organizationLines("moving"));
  let changed = false;
  const change = () => {
    if (!changed) appendFileSync(moving, `\n${JSON.stringify({ kind: "user", issuer, subject: "unseen" })}`);
    changed = true;
  };
  await expect(run(moving, { onProgress: change })).rejects.toMatchObject({
    code: "validation_failed",
    details: { issues: [{ message: expect.stringContaining("was changed") }] },
  });
  expect(await members("moving")).toEqual([]);
  expect(await run(moving)).toMatchObject({
    users: { created: 1, existing: 1 },
    organizations: { created: 1 },
  });
});

test("a file is read as a stream: one that is larger than the heap may be is looked at whole", async () => {
  const file = bench.file([]);
  for (let index = 0; index < 100; index += 1) {
    const user = JSON.stringify({ kind: "user", issuer, subject: `large-${index}` });
    appendFileSync(file, `${user.padEnd(1_000_000)}\n`);
  }
  const program = fileURLToPath(import.meta.resolve("./testing/import-process.ts"));
  const words = ["--max-old-space-size=96", program, bench.scratch.url, configurationFile, file];
  const answer = await new Promise<string>((resolve) => {
    execFile(process.execPath, words, (error, out) => resolve(error?.signal ?? out));
  });
  expect(JSON.parse(answer)).toMatchObject({ lines: 100, faults: [], users: { created: 100 } });
}, 60_000);

test("a mapping with repeats, strangers, contradictions and other line ends links what is beyond doubt", async () => {
  const names = ["one", "two", "three", "four"];
  for (const name of names) await bench.people(name);
  const [twice, torn, first, second] = [
    await bench.customer(0),
    await bench.customer(0),
    await bench.customer(null),
    await bench.customer(null),
  ];
  const lines = [
    "\uFEFFcustomer,organization",
    `${twice},one`,
    `${twice},one`,
    ` ${twice} ,"one"`,
    `${torn},two`,
    `${torn},three`,
    `${first},four`,
    `${second},four`,
    "cus_of_the_other_mode,two",
  ];
  const file = bench.file([`${lines.join("\r\n")}\r\n`]);
  const link = async () => {
    const mapping = await readStripeMapping([file]);
    return importCustomers(bench.worker, { mapping, dryRun: false, operator });
  };
  const expected = {
    [torn]: "customer_of_two_organizations",
    [first]: "organization_with_two_customers",
    [second]: "organization_with_two_customers",
  };
  expect(outcomes(await link())).toMatchObject({ ...expected, [twice]: "linked" });
  expect(outcomes(await link())).toMatchObject({
    ...expected,
    [twice]: "already_linked",
    // Two customers are named for it, so neither is asked for.
    cus_of_the_other_mode: "organization_with_two_customers",
  });
  expect(await links()).toEqual([`${twice} one`]);
  writeFileSync(file, "customer,organization\ncus_of_the_other_mode,two\n");
  expect(outcomes(await link())).toMatchObject({ cus_of_the_other_mode: "deleted_customer" });
});

test("a mapping with a line of a megabyte, bytes that are no UTF-8 or a control character changes nothing", async () => {
  const before = await links();
  const file = bench.file([]);
  const customerId = await bench.customer(0);
  const read = async (bytes: Buffer | string) => {
    writeFileSync(file, bytes);
    return importCustomers(bench.worker, {
      mapping: await readStripeMapping([file]),
      dryRun: false,
      operator,
    });
  };
  const head = "customer,organization\n";
  for (const [bytes, message] of [
    [`${head}${customerId},${"x".repeat(1 << 20)}\n`, "too long"],
    [Buffer.from(`${head}${customerId},m\u00fcller\n`, "latin1"), "not UTF-8"],
    [`${head}${customerId},one\u0000\n`, "control characters"],
    [`${head}${customerId},one\n{"customer":`, "cannot be read"],
  ] as const) {
    await expect(read(bytes)).rejects.toMatchObject({
      code: "validation_failed",
      details: { issues: [{ message: expect.stringContaining(message) }] },
    });
  }
  expect(await links()).toEqual(before);
});

test("two links of customers at once, and one after them: each is linked once", async () => {
  const pairs: [string, string][] = [];
  for (const name of ["pair-0", "pair-1", "pair-2"]) {
    await bench.people(name);
    pairs.push([await bench.customer(0), name]);
  }
  const lines = pairs.map(([customer, organization]) => ({ customer, organization }));
  const ended = await Promise.allSettled([bench.link(lines), bench.link(lines.toReversed())]);
  for (const one of ended) {
    if (one.status === "rejected")
      expect(String(one.reason)).toContain("another process works on the customer");
  }
  const last = outcomes(await bench.link(lines));
  for (const [customer] of pairs) expect(last[customer]).toBe("already_linked");
  const linked = (await links()).filter((link) => link.includes(" pair-"));
  expect(linked).toEqual(pairs.map(([customer, name]) => `${customer} ${name}`).sort());
  const acts = await bench.rows(
    "select data ->> 'customer' as customer from headroom.operator_entry where action = 'stripe.customer_linked'",
  );
  for (const [customer] of pairs) {
    expect(acts.filter((act) => act.customer === customer)).toHaveLength(1);
  }
});
