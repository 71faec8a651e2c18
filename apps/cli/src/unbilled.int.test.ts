import { encodeId } from "@headroom/domain/ids";
import { startCheckout } from "@headroom/service/checkout";
import { setMaxOverages } from "@headroom/service/max-overages";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDoctorBench, type DoctorBench } from "./testing/doctor-bench.ts";
import { headroomOn } from "./testing/headroom.ts";

let it: DoctorBench;
beforeAll(async () => {
  it = await createDoctorBench();
}, 60_000);
afterAll(() => it?.close());

test("overage that nobody bills since billing is live again is named, here and by stripe status", async () => {
  const { bench } = it;
  const { id, access } = await bench.organization();
  const manage = await access("billing.manage");
  await bench.pay((await startCheckout(bench.api, manage, { planId: "pro" })).checkoutUrl);
  await bench.deliver();
  await setMaxOverages(bench.api, manage, { meter: "jobs", units: 50 });
  await bench.consume(id, "jobs", 130);
  await bench.restart({ live: false, liveFrom: null });
  const status = headroomOn(() => bench.scratch.url);
  const shadow = (await status("stripe", "status")).out;
  expect(shadow).toContain("billing is not live");
  expect(shadow).toContain("overage that nobody bills while billing is not live, 1 period:");
  await bench.restart({ live: true, liveFrom: null });
  const named = new RegExp(`${encodeId("org", id)}.*jobs.*30 units.*0\\.75 USD`);
  expect(await it.look("billing")).toMatchObject({
    state: "warning",
    found: expect.stringMatching(named),
    advice: expect.stringContaining("liveFrom"),
  });
  const { out, code } = await status("stripe", "status");
  expect(out).toMatch(named);
  expect(out).toMatch(/periods_unbilled +warning +1/);
  expect(out).toContain("docs/runbooks.md#periods-unbilled");
  expect(code).toBe(1);
  await bench.restart({ live: true, liveFrom: "2026-01-01T00:00:00Z" });
  expect(await it.look("billing")).toMatchObject({ state: "ok" });
});
