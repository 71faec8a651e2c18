import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openEmptyAccount } from "@headroom/service/testing/empty-account";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { afterAll, beforeAll, expect, test } from "vitest";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const configuration = fileURLToPath(import.meta.resolve("@headroom/service/testing/meter-sink.config"));
const folder = mkdtempSync(path.join(tmpdir(), "headroom-plans-push-"));

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench();
});
afterAll(() => bench?.close());

/** `headroom plans push` in a process of its own, which may be killed at a failpoint; how it ended. */
function push(stripe: string, failpoint?: string): Promise<string | number> {
  const env = {
    ...process.env,
    HEADROOM_ENV: "test",
    HEADROOM_CONFIG: configuration,
    STRIPE_SECRET_KEY: "sk_test_bench",
    STRIPE_API_BASE: stripe,
    DATABASE_URL: bench.scratch.url,
    HEADROOM_FAILPOINT: failpoint,
    HEADROOM_STACK: path.join(folder, "none.json"),
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, "plans", "push"], { env }, (error) =>
      resolve(error === null ? 0 : (error.signal ?? error.code ?? "failed")),
    );
  });
}

test.each(["plans.meter_made", "plans.portal_made"])(
  "plans push, killed at %s and run again, makes one of each",
  async (failpoint) => {
    const account = await openEmptyAccount();
    try {
      expect(await push(account.url, failpoint)).toBe("SIGKILL");
      expect(await push(account.url)).toBe(0);
      const { stripe } = account;
      const meters = (await stripe.billing.meters.list({ limit: 100 })).data;
      expect(meters.map(({ event_name }) => event_name)).toEqual(["headroom_jobs"]);
      const portals = (await stripe.billingPortal.configurations.list({ limit: 100 })).data.filter(
        ({ metadata }) => metadata?.headroom_portal !== undefined,
      );
      expect(portals).toHaveLength(1);
      expect(
        await bench.rows(
          `select m.stripe_meter_id as meter, c.portal_configuration_id as portal
           from headroom.meter m cross join headroom.configuration c where m.stripe_meter_id is not null`,
        ),
      ).toEqual([{ meter: meters[0]?.id, portal: portals[0]?.id }]);
      const keys = (await stripe.prices.list({ limit: 100 })).data.map(({ lookup_key }) => lookup_key);
      expect(keys.filter((key) => key?.includes("overage"))).toHaveLength(1);
      expect(new Set(keys).size).toBe(keys.length);
    } finally {
      await account.close();
    }
  },
  60_000,
);
