import { useFormats } from "@headroom/react";
import type { ReactNode } from "react";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Outputs } from "../organization.tsx";

export type Listed = Outputs["operator"]["organizations"]["organizations"][number];

const tones: Readonly<Partial<Record<Listed["status"], string>>> = {
  active: "ok",
  trialing: "accent",
  past_due: "danger",
  restricted: "danger",
  suspended: "danger",
  incomplete: "warning",
};

export function StatusBadge({ status }: Pick<Listed, "status">) {
  const { operator: words } = useToolMessages();
  return (
    <span className="hr-badge" data-tone={tones[status]}>
      {words.statuses[status]}
    </span>
  );
}

/** How organizations stand, in words. */
export function useStanding() {
  const { operator: words } = useToolMessages();
  const formats = useFormats();
  return {
    seats: ({ used, limit }: Listed["seats"]) =>
      limit === null
        ? words.seatsFree(formats.number(used))
        : words.seatsOf(formats.number(used), formats.number(limit)),
    usage: (usage: Listed["usage"]) => {
      if (usage === null) return null;
      const { used, limit, meter } = usage;
      const window = words.windows[usage.window];
      return limit === null
        ? words.usageFree(formats.number(used), meter, window)
        : words.usageOf(formats.number(used), formats.number(limit), meter, window);
    },
    revenue: (revenue: Listed["monthlyRevenue"]) =>
      revenue === null ? words.noRevenue : formats.money(revenue.amount, revenue.currency),
  };
}

/** Names and values beside each other. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="operator-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
