import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  createMovingBench,
  type MovingBench,
  organizationLines,
} from "@headroom/service/testing/moving-bench";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headroomOn } from "./testing/headroom.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const shipped = fileURLToPath(new URL("../../../headroom.config.ts", import.meta.url));
const page = readFileSync(new URL("../../../docs/import.md", import.meta.url), "utf8");

let bench: MovingBench;
const folder = mkdtempSync(path.join(tmpdir(), "headroom-import-"));
beforeAll(async () => {
  bench = await createMovingBench();
});
afterAll(() => bench?.close());

const variables = () => ({
  HEADROOM_ENV: "test",
  HEADROOM_CONFIG: shipped,
  STRIPE_SECRET_KEY: "sk_test_bench",
  STRIPE_API_BASE: bench.sandboxUrl,
});
const headroom = (...words: string[]) => headroomOn(() => bench.scratch.url, variables())(...words);

/** The command in a process of its own, which is killed at a failpoint; how it ended. */
function killedAt(failpoint: string, ...words: string[]): Promise<string | null> {
  const env = {
    ...process.env,
    ...variables(),
    DATABASE_URL: bench.scratch.url,
    HEADROOM_FAILPOINT: failpoint,
    HEADROOM_STACK: path.join(folder, "none.json"),
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...words], { env }, (error) => resolve(error?.signal ?? null));
  });
}

const state = async (...externalIds: string[]) =>
  bench.rows(
    `select r.external_id, o.name, m.role, a.subject, u.meter, u.quantity::int, u.recorded,
       (select count(*)::int from headroom.usage_event e where e.organization_id = o.id) as events,
       (select sum(g.period_used)::int from headroom.usage_gate g where g.organization_id = o.id) as used
     from headroom.organization_reference r join headroom.organization o on o.id = r.organization_id
     join headroom.membership m on m.organization_id = o.id join headroom.account a on a.id = m.user_id
     left join headroom.opening_usage u on u.organization_id = o.id
     where r.external_id = any ($1) order by 1, a.subject`,
    externalIds,
  );

test.each(["import.batch_written", "import.usage_noted"])(
  "an import that is killed at %s and run again comes to what one run does",
  async (failpoint) => {
    const name = failpoint.replaceAll(/\W/g, "-");
    const lines = [`${name}-1`, `${name}-2`].flatMap((externalId) => [
      ...organizationLines(externalId, 2),
      { kind: "usage", organization: externalId, meter: "jobs", quantity: 7 },
    ]);
    const file = bench.file(lines);
    expect(await killedAt(failpoint, "import", file)).toBe("SIGKILL");
    const { code, out } = await headroom("import", file, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ organizations: { created: 0, existing: 2 } });
    const found = await state(`${name}-1`, `${name}-2`);
    expect(found).toHaveLength(6);
    for (const row of found) {
      expect(row).toMatchObject({ meter: "jobs", quantity: 7, recorded: true, events: 1, used: 7 });
    }
  },
  30_000,
);

test("a link of customers that is killed and run again links each once", async () => {
  const customers = [await bench.customer(1), await bench.customer(1)];
  const lines = [];
  for (const [index, customer] of customers.entries()) {
    await bench.people(`linked-${index}`);
    lines.push({ customer, organization: `linked-${index}` });
  }
  const file = bench.file([...bench.priceLines(), ...lines]);
  expect(await killedAt("import.customer_linked", "stripe", "import", "--mapping", file)).toBe("SIGKILL");
  const acts = () =>
    bench.rows(
      "select data from headroom.operator_entry where action = 'stripe.customer_linked' and data->>'customer' = any ($1)",
      customers,
    );
  expect(await acts()).toHaveLength(1);
  const { code, out } = await headroom("stripe", "import", "--mapping", file, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out).counts).toMatchObject({ linked: 1, already_linked: 1 });
  expect(await acts()).toHaveLength(2);
}, 30_000);

/** The code blocks of the page that have a file's name on their first line. */
function written(name: string): string {
  const block = new RegExp(`^\`\`\`\\w* ${name.replaceAll(".", "\\.")}\\n(.*?)^\`\`\``, "ms").exec(page)?.[1];
  if (block === undefined) throw new Error(`docs/import.md has no ${name}`);
  const file = path.join(folder, name);
  writeFileSync(file, block);
  return file;
}

test("the files of docs/import.md are imported as the page says", async () => {
  const people = await headroom("import", written("export.jsonl"));
  expect(people).toMatchObject({ code: 0, out: told("import export.jsonl") });
  const [acme, globex] = [await bench.customer(1), await bench.customer(0)];
  const replaced = (name: string, changes: Record<string, string>) => {
    const file = written(name);
    const text = Object.entries(changes).reduce(
      (all, [from, to]) => all.replaceAll(from, to),
      readFileSync(file, "utf8"),
    );
    writeFileSync(file, text);
    return file;
  };
  const customers = replaced("customers.csv", { cus_acme: acme, cus_globex: globex });
  const { base, overage } = bench.prices;
  const prices = replaced("prices.csv", { price_base: base, price_jobs: overage });
  const linked = await headroom("stripe", "import", "--mapping", customers, "--mapping", prices, "--json");
  const { customers: found } = JSON.parse(linked.out) as {
    customers: { customer: string; outcome: string }[];
  };
  expect(found.filter(({ customer }) => [acme, globex].includes(customer))).toMatchObject([
    { outcome: "linked" },
    { outcome: "linked" },
  ]);
  const usage = await headroom("import", written("usage.jsonl"));
  expect(usage).toMatchObject({ code: 0, out: told("import usage.jsonl") });
}, 30_000);

/** What the page shows below a command. */
function told(command: string): string {
  const block = new RegExp(`^\\$ headroom ${command.replaceAll(".", "\\.")}\\n(.*?)^(\`\`\`|\\$)`, "ms").exec(
    page,
  );
  return block?.[1] ?? "nothing";
}

test.each([
  [["import", "people.jsonl"], "people.jsonl: there is no such file\n"],
  [["stripe", "import", "--mapping", "customers.csv"], "customers.csv: there is no such file\n"],
])("%j, which is no file, is named as what it is", async (command, err) => {
  expect(await headroom(...command)).toEqual({ code: 1, out: "", err });
});
