import type { Actor } from "@headroom/domain/actors";
import type { OverridePlace, OverrideValue } from "@headroom/domain/overrides";
import { authorize } from "../access.ts";
import type { ServiceContext } from "../context.ts";
import { type OverrideView, removeOverride, setOverride } from "../overrides.ts";

export const operator: Actor = { kind: "operator", name: "kim" };

export interface OverrideHand {
  set(
    kind: OverridePlace["kind"],
    name: string | null,
    value: OverrideValue,
    more?: { expiresAt?: string; reason?: string },
  ): Promise<OverrideView>;
  remove(kind: OverridePlace["kind"], name: string | null): Promise<OverrideView>;
}

/** An operator's hand on one organization. */
export function handOn(
  context: Pick<ServiceContext, "db" | "configuration">,
  organization: string,
): OverrideHand {
  const access = () => authorize(context, operator, organization, "overrides.manage");
  const named = (name: string | null) => (name === null ? {} : { name });
  return {
    set: async (kind, name, value, { reason = "asked for", ...more } = {}) =>
      setOverride(context, await access(), { kind, ...named(name), value, reason, ...more }),
    remove: async (kind, name) => removeOverride(context, await access(), { kind, ...named(name) }),
  };
}

/** The same context with plans that have a feature, which the database's plans lack. */
export function withFeature(context: ServiceContext, feature: string): ServiceContext {
  const plans = { any: { features: { [feature]: true } } } as never;
  return { ...context, configuration: { ...context.configuration, plans } };
}
