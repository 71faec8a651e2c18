import { Redirect } from "wouter";
import { Answer } from "../components/states.tsx";
import { pageOf } from "../organization.tsx";
import { FirstOrganization } from "./first-organization.tsx";
import { lastOrganization, useOrganizations } from "./organizations.ts";
import { Shell } from "./shell.tsx";

/** A page of the organization that the person was in last, or of their first; whoever has none makes one. */
function LastOrganization({ page }: { page: "usage" | "plan" }) {
  const query = useOrganizations();
  return (
    <Answer query={query}>
      {(all) => {
        const last = lastOrganization(all);
        if (last !== undefined)
          return <Redirect to={`${pageOf(last.slug, page)}${window.location.search}`} replace />;
        return (
          <Shell>
            <FirstOrganization />
          </Shell>
        );
      }}
    </Answer>
  );
}

/** `/` */
export function Start() {
  return <LastOrganization page="usage" />;
}

/** `/billing`: where Stripe's pages lead back to unless a call said otherwise. */
export function Billing() {
  return <LastOrganization page="plan" />;
}
