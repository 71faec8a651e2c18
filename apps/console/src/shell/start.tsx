import { Redirect } from "wouter";
import { Answer } from "../components/states.tsx";
import { pageOf } from "../organization.tsx";
import { FirstOrganization } from "./first-organization.tsx";
import { useOrganizations } from "./organizations.ts";
import { Shell } from "./shell.tsx";

/** `/`: the usage of the organization that the person was in last; whoever has none makes the first one. */
export function Start() {
  const query = useOrganizations();
  return (
    <Answer query={query}>
      {({ organizations, activeOrganizationId }) => {
        const [first] = organizations;
        const last = organizations.find(({ id }) => id === activeOrganizationId) ?? first;
        if (last !== undefined) return <Redirect to={pageOf(last.slug, "usage")} replace />;
        return (
          <Shell>
            <FirstOrganization />
          </Shell>
        );
      }}
    </Answer>
  );
}
