/** The service's consume: credential, idempotency, limits, counters and event, by so many callers at once. */
import { createHash } from "node:crypto";
import { createDatabase } from "@headroom/db/client";
import { consume, type UsageCaller } from "@headroom/service/usage";
import { createUsageLane } from "@headroom/service/usage-lane";
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { createDraws, type KeyForm, secretOf } from "../draws.ts";
import { openReceipts } from "../receipts.ts";

export type ConsumeParameters = {
  url: string;
  adminUrl: string;
  ids: string[];
  keys: KeyForm;
  callers: number;
  /** Place of the first of them in the population; 0 where it is not given. */
  first?: number;
};

export const open: OpenSide<ConsumeParameters> = async ({ url, adminUrl, ids, keys, callers, first = 0 }) => {
  const database = createDatabase({ connectionString: url, role: "hr_api", applicationName: "bench" });
  const lane = createUsageLane(database);
  const draws = createDraws(ids.length, keys);
  const receipts = await openReceipts(adminUrl, ids);
  const known: UsageCaller[] = ids.map((_, place) => ({
    credential: createHash("sha256")
      .update(secretOf(first + place))
      .digest(),
    organizationId: null,
  }));

  async function take(): Promise<number> {
    const draw = draws.next();
    const caller = known[draw.organization] as UsageCaller;
    const answer = await consume(lane, caller, {
      quantity: draw.quantity,
      idempotencyKey: draw.key,
      mode: "reject",
    });
    if (!answer.allowed || answer.duplicate !== draw.replay)
      throw new Error(`wrong answer: ${JSON.stringify(answer)}`);
    receipts.keep(draw);
    draws.acknowledge(draw);
    return 1;
  }

  return {
    run: (seconds) => runCallers(callers, seconds, take),
    verify: () => receipts.verify(),
    close: () => database.close(),
  };
};
