import { useMessages } from "../messages/messages.tsx";
import type { Invite } from "./members.ts";

const tones = { pending: undefined, sent: "ok", failed: "danger", skipped: "warning" } as const;

/** What became of an invite's mail, and what to do when it did not arrive. */
export function Delivery({ state }: { state: Invite["emailDelivery"] }) {
  const { deliveries, deliveryHelp } = useMessages().members.pending;
  const help = deliveryHelp[state];
  return (
    <span className="delivery">
      <span className="hr-badge" data-tone={tones[state]}>
        {deliveries[state]}
      </span>
      {help === null ? null : <span className="hr-muted small">{help}</span>}
    </span>
  );
}
