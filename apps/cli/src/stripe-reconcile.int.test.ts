import { readFileSync } from "node:fs";
import {
  createOverageBench,
  type OverageBench,
  type Subscriber,
} from "@headroom/service/testing/overage-bench";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headroomOn } from "./testing/headroom.ts";

let bench: OverageBench;
let acme: Subscriber;
beforeAll(async () => {
  bench = await createOverageBench();
  acme = await bench.subscriber();
  await bench.rows("insert into headroom.organization_slug values ('acme', $1)", acme.id);
  await acme.take(120);
  await bench.advance("P1MT4H");
  await bench.work();
}, 60_000);
afterAll(() => bench?.close());

const headroom = (...words: string[]) =>
  headroomOn(() => bench.scratch.url, {
    STRIPE_SECRET_KEY: "sk_test_bench",
    STRIPE_API_BASE: bench.sandboxUrl,
  })(...words);

const examples = [
  ...readFileSync(new URL("../../../docs/overage.md", import.meta.url), "utf8").matchAll(
    /^headroom (stripe reconcile.*)$/gm,
  ),
].map(([, words = ""]) => words.split(" "));

test("the page's examples run, and find nothing", async () => {
  expect(examples).toHaveLength(4);
  for (const words of examples) {
    const { code, out } = await headroom(...words);
    expect([code, out]).toEqual([0, expect.stringMatching(/, 0 differences\n$|"differences":\[\]/)]);
  }
});

test("what differs is told with its kind and exit code 1, and repaired only when asked", async () => {
  await bench.rows(
    "update headroom.overage set status = 'pending', next_attempt_at = now() + interval '1 day'",
  );
  const told = await headroom("stripe", "reconcile");
  expect([told.code, told.out]).toEqual([1, expect.stringMatching(/not sent +jobs .*1 difference\n$/s)]);
  const dry = await headroom("stripe", "reconcile", "--repair", "--dry-run");
  expect([dry.code, dry.out]).toEqual([1, expect.stringContaining("1 would be repaired:")]);
  const repaired = await headroom("stripe", "reconcile", "--repair", "--json");
  expect([repaired.code, JSON.parse(repaired.out)]).toMatchObject([
    0,
    { differences: [], repaired: [{ kind: "not_sent", meter: "jobs" }] },
  ]);
});
