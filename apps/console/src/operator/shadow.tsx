import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { Banner } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";

const everyMs = 30_000;

/** Billing is not live: what is shown is computed, and changed nowhere. */
export function Shadow() {
  const { shadow } = useToolMessages().operator;
  return (
    <Banner tone="warning">
      <p>
        <strong>{shadow.title}</strong> {shadow.text}
      </p>
    </Banner>
  );
}

/** The same where billing's health is not shown beside it; nothing while billing is live. */
export function ShadowNotice() {
  const { data } = useQuery({
    ...useTRPC().operator.billingHealth.queryOptions(),
    refetchInterval: everyMs,
  });
  return data?.live === false ? <Shadow /> : null;
}
