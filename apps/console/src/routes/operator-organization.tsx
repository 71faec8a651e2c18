import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "wouter";
import { useTRPC } from "../api.ts";
import { ArrowLeft } from "../components/icons.tsx";
import { Page, Section } from "../components/page.tsx";
import { Answer, Banner } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { AssignedPlan } from "../operator/assigned-plan.tsx";
import { Explain } from "../operator/explain.tsx";
import { Invoices } from "../operator/invoices.tsx";
import { Members } from "../operator/members.tsx";
import { OperatorArea } from "../operator/operator-area.tsx";
import { Overrides } from "../operator/overrides.tsx";
import { Facts, type Listed, StatusBadge, useStanding } from "../operator/parts.tsx";
import { ShadowNotice } from "../operator/shadow.tsx";
import { Stripe } from "../operator/stripe.tsx";

/** One organization as operators see it. */
export default function OperatorOrganization() {
  const { organizationId = "" } = useParams<{ organizationId: string }>();
  return (
    <OperatorArea>
      <OneOrganization key={organizationId} organizationId={organizationId} />
    </OperatorArea>
  );
}

function OneOrganization({ organizationId }: { organizationId: string }) {
  const { operator: words } = useToolMessages();
  const query = useQuery({
    ...useTRPC().operator.organization.queryOptions({ organizationId }),
    refetchInterval: 5_000,
  });
  return (
    <>
      <p>
        <Link href="/operator" className="operator-back">
          <ArrowLeft size={16} />
          {words.all}
        </Link>
      </p>
      <Answer query={query} lines={6}>
        {({ organization, assignments, stripe }) => (
          <Page title={organization.name} text={<code>{organization.id}</code>}>
            <ShadowNotice />
            {organization.attention === null ? null : (
              <Banner tone="warning">{words.attentions[organization.attention]}</Banner>
            )}
            <Overview organization={organization} />
            <Explain organizationId={organizationId} />
            <Overrides organizationId={organizationId} />
            <AssignedPlan organizationId={organizationId} assignments={assignments} />
            <Stripe organizationId={organizationId} stripe={stripe} />
            {stripe === null ? null : <Invoices organizationId={organizationId} />}
            <Members organizationId={organizationId} />
          </Page>
        )}
      </Answer>
    </>
  );
}

function Overview({ organization }: { organization: Listed }) {
  const { operator: words } = useToolMessages();
  const formats = useFormats();
  const standing = useStanding();
  const { owner, plan, seats, usage, status, source } = organization;
  return (
    <Section title={words.overview}>
      <Facts
        facts={[
          [words.plan, words.version(plan.displayName, formats.number(plan.version))],
          [words.status, <StatusBadge key="status" status={status} />],
          [words.source, words.sources[source]],
          [words.seats, standing.seats(seats)],
          [words.usage, standing.usage(usage)],
          [words.revenue, standing.revenue(organization.monthlyRevenue)],
          [words.owner, owner?.email ?? owner?.name ?? words.noOwner],
          [words.created, formats.date(organization.createdAt)],
        ]}
      />
    </Section>
  );
}
