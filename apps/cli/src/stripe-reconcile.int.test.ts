import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  createOverageBench,
  type OverageBench,
  type Subscriber,
} from "@headroom/service/testing/overage-bench";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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

describe("without variables", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "headroom-stack-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const shipped = fileURLToPath(import.meta.resolve("../../../headroom.config.ts"));

  const onStack = (stack: Record<string, unknown>, more: Record<string, string> = {}) => {
    const file = path.join(folder, "stack.json");
    writeFileSync(file, JSON.stringify({ databaseUrl: bench.scratch.url, ...stack }));
    const unset = { DATABASE_URL: "", HEADROOM_CONFIG: "", HEADROOM_ENV: "", HEADROOM_STACK: file };
    return headroomOn(() => "", { ...unset, ...more });
  };

  test("the development stack's Stripe and configuration are meant", async () => {
    const running = onStack({ stripe: bench.sandboxUrl, configurationFile: shipped });
    expect(await running("stripe", "reconcile")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/, 0 differences\n$/),
    });
    const missing = path.join(folder, "missing.config.ts");
    const other = await onStack({ stripe: bench.sandboxUrl, configurationFile: missing })("stripe", "status");
    expect([other.code, other.err]).toEqual([1, expect.stringContaining("missing.config.ts")]);
  });

  test("a stack with a Stripe of somebody else's lends no key, and a given one is not replaced", async () => {
    const without = await onStack({ stripe: null, configurationFile: shipped })("stripe", "reconcile");
    expect([without.code, without.err]).toEqual([1, expect.stringContaining("not configured")]);
    const given = { STRIPE_SECRET_KEY: "sk_live_given" };
    const live = await onStack({ stripe: bench.sandboxUrl, configurationFile: shipped }, given)(
      "stripe",
      "reconcile",
    );
    expect([live.code, live.err]).toEqual([1, expect.stringContaining("live key")]);
  });
});
