import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeId } from "@headroom/domain/ids";
import { loadConfiguration } from "@headroom/service/configuration";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { afterAll, beforeAll, expect, test } from "vitest";
import { examples } from "./examples.ts";
import { headroomOn } from "./testing/headroom.ts";

const featured = fileURLToPath(import.meta.resolve("./testing/featured.config.ts"));

let bench: StripeBench;
let standIns: [RegExp, string][];
beforeAll(async () => {
  const configuration = await loadConfiguration(featured);
  bench = await createStripeBench({ configure: () => configuration });
  const acme = await bench.make.organization();
  const [owner, member] = [await bench.make.member(acme, "owner"), await bench.make.member(acme)];
  await bench.rows("update headroom.organization set slug = 'acme' where id = $1", acme);
  await bench.rows("insert into headroom.organization_slug values ('acme', $1)", acme);
  // Something to be applied again, and something that was given up.
  await bench.rows(
    `insert into headroom.stripe_inbox (event_id, livemode, type, customer_id, created_at, payload, secret_index, status)
     values ('evt_1', false, 'invoice.paid', 'cus_1', now(), '{}', 0, 'applied'),
            ('evt_2', false, 'invoice.paid', 'cus_2', now(), '{}', 0, 'dead')`,
  );
  const keyOf = async (...whose: string[]) => {
    const { out } = await headroom(
      "keys",
      "create",
      ...whose,
      "--name",
      "k",
      "--scopes",
      "usage:read",
      "--json",
    );
    return (JSON.parse(out) as { id: string }).id;
  };
  const folder = mkdtempSync(join(tmpdir(), "headroom-examples-"));
  const written = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  standIns = [
    [/^customers\.csv$/, written("customers.csv", "customer,organization\n")],
    [/^prices\.csv$/, written("prices.csv", "price,role,plan,version\nprice_1,plan,pro,1\n")],
    [
      /^export\.jsonl$/,
      written("export.jsonl", '{"kind":"user","issuer":"https://login.example.com","subject":"u1"}\n'),
    ],
    [/^usr_\S+02$/, encodeId("usr", owner)],
    [/^usr_\S+03$/, encodeId("usr", member)],
    [/^key_\S+08$/, await keyOf("--organization", "acme")],
    [/^key_\S+0a$/, await keyOf("--platform")],
  ];
});
afterAll(() => bench?.close());

const headroom = (...words: string[]) =>
  headroomOn(() => bench.scratch.url, {
    STRIPE_SECRET_KEY: "sk_test_bench",
    STRIPE_API_BASE: bench.sandboxUrl,
  })(...words);

/** The words of a line as a shell has them; quotes here hold blanks and nothing else. */
const wordsOf = (line: string) =>
  (line.match(/(?:[^\s"]+|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ""));

/** What may end with 1 here: it looks at the machine that the tests run on. */
const findsProblems = ["headroom doctor"];

/** The demo is played on a whole stack, by the tests of packages/e2e. */
const runHere = Object.values(examples)
  .flat()
  .filter((line) => line !== "headroom seed");

test.each(runHere)("%s", async (line) => {
  // Replaying the kept events took up the dead one too.
  await bench.rows("update headroom.stripe_inbox set status = 'dead' where event_id = 'evt_2'");
  const words = wordsOf(line)
    .slice(1)
    .map((word) => standIns.find(([pattern]) => pattern.test(word))?.[1] ?? word);
  const { code, out } = await headroom(...words);
  if (line === "headroom stripe status" || line === "headroom dead-letters list") expect(code).toBe(1);
  else if (!findsProblems.includes(line)) expect({ line, code }).toEqual({ line, code: 0 });
  expect(out).not.toBe("");
});
