import { secondsSinceLastEvent } from "@headroom/db/inspection";
import { readBillingHealth } from "@headroom/service/billing-health";
import { listDeadLetters } from "@headroom/service/dead-letters";
import { count, duration, type Finding, fault, ok, warning } from "./findings.ts";
import { type Scene, withDatabaseAs } from "./scene.ts";

const longWaitSeconds = 60;
const wrongSecret =
  "look at the endpoint's attempts at Stripe: 400 there means that STRIPE_WEBHOOK_SECRETS is another endpoint's";

/** When the last event came, and whether what came is applied. */
export async function lookAtEvents(scene: Scene): Promise<Finding> {
  return scene.withDatabase("hr_worker", async (db) => {
    const { pending, oldestPendingSeconds, unlinked, unknownPrice, unknownStatus, quarantined } = (
      await readBillingHealth({ db, stripe: null })
    ).readings;
    const seconds = await secondsSinceLastEvent(db);
    const hasStripe = (await scene.stripe().catch(() => null)) !== null;
    if (seconds === null) {
      return hasStripe ? warning("none has ever come", wrongSecret) : ok("none: there is no Stripe");
    }
    const last = `the last came ${duration(seconds)} ago, ${pending} pending`;
    if (pending > 0 && oldestPendingSeconds > longWaitSeconds) {
      return fault(
        `${last}, the oldest for ${duration(oldestPendingSeconds)}`,
        "start the webhook app and the worker; headroom stripe status tells more",
      );
    }
    const held = unlinked + unknownPrice + unknownStatus + quarantined;
    return held > 0 ? warning(`${last}, ${held} set aside`, "headroom stripe status") : ok(last);
  });
}

const recentSeconds = 7 * 86_400;

/** Whether comparisons with Stripe find what no event brought. */
export async function lookAtDrift(scene: Scene): Promise<Finding> {
  return scene.withDatabase("hr_worker", async (db) => {
    const { drift, driftedAgo, failing } = (await readBillingHealth({ db, stripe: null })).readings;
    if (failing > 0) {
      return warning(`${count(failing, "customer")} could not be compared`, "headroom stripe status");
    }
    return driftedAgo !== null && driftedAgo < recentSeconds
      ? warning(
          `found ${count(drift, "time")}, last ${duration(driftedAgo)} ago`,
          "events are missing: headroom stripe backfill, and look at the endpoint at Stripe",
        )
      : ok("none in the last week");
  });
}

/** Whether work was given up. */
export async function lookAtDeadLetters(scene: Scene): Promise<Finding> {
  return scene.withDatabase("hr_worker", (db) =>
    withDatabaseAs(scene.connectionString(), "hr_jobs", async (jobs) => {
      const letters = await listDeadLetters({ db, jobs });
      const types = [...new Set(letters.map(({ type }) => type))].slice(0, 5).join(", ");
      return letters.length === 0
        ? ok("none")
        : warning(`${letters.length}: ${types}`, "headroom dead-letters list, then replay");
    }),
  );
}
