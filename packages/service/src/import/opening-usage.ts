import { createHash } from "node:crypto";
import { readClock } from "@headroom/db/clock";
import { markOpeningUsage, noteOpeningUsage } from "@headroom/db/imports";
import { withOrganization } from "@headroom/db/tenancy";
import { recordUsage } from "@headroom/db/usage";
import { readUsageStatus } from "@headroom/db/usage-readings";
import { payloadText } from "@headroom/domain/usage";
import { failpoint } from "@headroom/platform/failpoints";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "../context.ts";
import type { RecordOf } from "./records.ts";

/** The key of the event: no caller may write one that begins like it. */
const openingKey = "import:opening";
const properties = { source: "import" };

/**
 * Records what an organization had used before it came, as one event for each meter at the first instant of the running
 * period: it counts in the period, and not in today's limit. What is to be written is on record before it is, so that a
 * second run writes the same event.
 * @param context `db` as hr_api
 */
export async function importOpeningUsage(
  { db }: Pick<ServiceContext, "db">,
  credential: Buffer,
  organizationId: string,
  usage: readonly RecordOf<"usage">[],
): Promise<void> {
  const status = await readUsageStatus(db, organizationId);
  for (const { meter, quantity } of usage) {
    const periodStart = status.find((one) => one.meter === meter)?.periodStart;
    const row = await withOrganization(db, organizationId, async (tx) => {
      const at = await readClock(tx);
      const occurredAt = periodStart === undefined ? at : new Date(periodStart);
      return noteOpeningUsage(tx, organizationId, { meter, quantity, eventId: uuidv7(), occurredAt, at });
    });
    failpoint("import.usage_noted");
    if (row.recorded) {
      continue;
    }
    const occurredAt = row.occurredAt.toISOString();
    const payload = {
      quantity: row.quantity,
      mode: "record" as const,
      memberId: null,
      occurredAt,
      properties,
    };
    const outcomes = await recordUsage(db, [
      {
        credential,
        organizationId,
        meter,
        key: openingKey,
        bornOn: null,
        id: row.eventId,
        ...payload,
        fingerprint: createHash("sha256").update(payloadText(payload)).digest(),
      },
    ]);
    const outcome = Array.isArray(outcomes) ? outcomes[0]?.outcome : outcomes.refusal;
    if (outcome !== "accepted" && outcome !== "duplicate") {
      throw new Error(`opening usage of ${meter} was not taken: ${outcome}`);
    }
    await withOrganization(db, organizationId, (tx) => markOpeningUsage(tx, organizationId, meter));
  }
}
