import "../styles/limits.css";
import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { Page } from "../components/page.tsx";
import { Answer } from "../components/states.tsx";
import { MeterLimits } from "../limits/meter-limits.tsx";
import { useMessages } from "../messages/messages.tsx";
import { type Outputs, useOrganization } from "../organization.tsx";
import { Trouble } from "../usage/notice-list.tsx";
import { troubleOf } from "../usage/notices.ts";
import { type MeterUsage, useExplanations, useFollowCounters, useUsage } from "../usage/readings.ts";

/** What stops the organization, when, and how far it may go beyond. */
export default function Limits() {
  const { limits: words } = useMessages();
  const { id: organizationId } = useOrganization();
  const usage = useUsage();
  const billing = useQuery(useTRPC().billing.get.queryOptions({ organizationId }));
  return (
    <Page title={words.title} text={words.text}>
      <Answer query={usage} lines={6}>
        {(counters) => (
          <Answer query={billing} lines={6}>
            {(state) => <Meters meters={counters.meters} first={counters.usage.meter} billing={state} />}
          </Answer>
        )}
      </Answer>
    </Page>
  );
}

function Meters(props: { meters: readonly MeterUsage[]; first: string; billing: Outputs["billing"]["get"] }) {
  const { meters, first, billing } = props;
  const explanations = useExplanations(meters);
  useFollowCounters(meters);
  const trouble = troubleOf(billing.status);
  const sorted = meters.toSorted((one, other) => Number(other.meter === first) - Number(one.meter === first));
  return (
    <>
      {trouble === null ? null : <Trouble state={trouble} />}
      {sorted.map((usage) => (
        <MeterLimits
          key={usage.meter}
          usage={usage}
          explanation={explanations.get(usage.meter)}
          billing={billing}
        />
      ))}
    </>
  );
}
