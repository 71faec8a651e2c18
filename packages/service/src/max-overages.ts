import { readClock } from "@headroom/db/clock";
import {
  clearMaxOverage,
  listOverageSettings,
  type OverageSetting,
  writeMaxOverage,
} from "@headroom/db/max-overages";
import { refreshLimits } from "@headroom/db/subscriptions";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { plainPrice } from "@headroom/domain/money";
import { overageOf } from "@headroom/domain/usage";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";

/** `units` or `cents`, one of them; null: back to the plan's default. */
export interface MaxOverageInput {
  /** Absent: every meter that the plan sells overage for. */
  meter?: string | undefined;
  units?: number | null | undefined;
  /** Minor units of money; as many units as they pay for at the price in force. */
  cents?: number | null | undefined;
}

export interface MaxOverageView {
  meter: string;
  /** Units in force now; null: no cap. */
  maxOverage: number | null;
  /** organization: it set its own; plan: the plan's default; none: no overage can be had now. */
  source: "organization" | "plan" | "none";
  unitPrice: string | null;
  hardCap: number | null;
  /** Units above what is included in the running period. */
  overage: number;
}

/**
 * Sets how much overage an organization allows itself. Acts at once and resets nothing.
 * @throws DomainError unknown_meter (400), overage_not_available (402) where the plan sells none.
 */
export async function setMaxOverages(
  context: ServiceContext,
  access: Access,
  input: MaxOverageInput,
): Promise<{ meters: MaxOverageView[] }> {
  return withLockedOrganization(context, access, async (tx, _organization, fresh) => {
    const { organizationId, actor } = fresh;
    const now = await readClock(tx);
    const before = await listOverageSettings(tx, organizationId);
    const { meter, units, cents } = input;
    const setting = { units: units ?? null, cents: cents ?? null };
    const meters = metersToSet(before, meter);
    for (const name of meters) {
      await (setting.units === null && setting.cents === null
        ? clearMaxOverage(tx, organizationId, name)
        : writeMaxOverage(tx, organizationId, name, setting, now));
    }
    await refreshLimits(tx, organizationId);
    const target = encodeId("org", organizationId);
    const audit = {
      action: "max_overage.changed" as const,
      target,
      data: { meter: meter ?? null, ...setting },
    };
    await recordChange(tx, {
      organizationId,
      actor,
      audit,
      events: [
        ...meters.map((meter) => ({ name: "max_overage.changed", payload: { meter } }) as const),
        { name: "entitlements.changed", payload: {} },
      ],
    });
    return { meters: (await listOverageSettings(tx, organizationId)).map(toView) };
  });
}

function metersToSet(settings: readonly OverageSetting[], meter: string | undefined): string[] {
  if (meter !== undefined && !settings.some((one) => one.meter === meter)) {
    throw new DomainError("unknown_meter", "There is no such meter.", { meter });
  }
  const sold = settings.filter((one) => one.sold && (meter === undefined || one.meter === meter));
  if (sold.length === 0) {
    throw new DomainError("overage_not_available", "The plan has no overage.", { meter: meter ?? null });
  }
  return sold.map((one) => one.meter);
}

function toView(setting: OverageSetting): MaxOverageView {
  const { meter, maxOverage, hardCap, unitPrice, allowed, own, used, included } = setting;
  return {
    meter,
    maxOverage,
    source: allowed ? (own ? "organization" : "plan") : "none",
    unitPrice: unitPrice === null ? null : plainPrice(unitPrice),
    hardCap,
    overage: overageOf(used, included),
  };
}
