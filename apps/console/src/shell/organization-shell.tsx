import { HeadroomProvider } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { Link, useParams } from "wouter";
import { useTRPC, useTRPCClient } from "../api.ts";
import { Page } from "../components/page.tsx";
import { Answer } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { type Organization, OrganizationProvider } from "../organization.tsx";
import { localeOf } from "../preferences.ts";
import { useSurroundings } from "../surroundings.tsx";
import { Live } from "./live.tsx";
import { Shell } from "./shell.tsx";

/** The pages of one organization: the one whose slug the address has. What happens in it is shown as it happens. */
export function OrganizationShell({ children }: { children: ReactNode }) {
  const { slug } = useParams<{ slug: string }>();
  const query = useQuery(useTRPC().organizations.list.queryOptions({}));
  return (
    <Answer query={query}>
      {({ organizations, activeOrganizationId }) => {
        const organization = organizations.find((candidate) => candidate.slug === slug);
        if (organization === undefined) {
          return (
            <Shell>
              <UnknownOrganization />
            </Shell>
          );
        }
        return (
          <OrganizationProvider key={organization.id} organization={organization}>
            <RememberActive organization={organization} activeId={activeOrganizationId} />
            <InZone organization={organization}>
              <Live organizationId={organization.id}>
                <Shell organization={organization}>{children}</Shell>
              </Live>
            </InZone>
          </OrganizationProvider>
        );
      }}
    </Answer>
  );
}

/** Moments are written in the organization's zone: its days begin and end there. */
function InZone({ organization, children }: { organization: Organization; children: ReactNode }) {
  const { language } = useSurroundings();
  return (
    <HeadroomProvider locale={localeOf(language)} timeZone={organization.settings.timeZone}>
      {children}
    </HeadroomProvider>
  );
}

/** Where the person comes back to next time. Nothing is shown, and a failure changes nothing that is. */
function RememberActive({ organization, activeId }: { organization: Organization; activeId: string | null }) {
  const client = useTRPCClient();
  const { id } = organization;
  useEffect(() => {
    if (activeId !== id) client.organizations.switch.mutate({ organizationId: id }).catch(() => {});
  }, [client, id, activeId]);
  return null;
}

function UnknownOrganization() {
  const { shell } = useMessages();
  return (
    <Page title={shell.unknownOrganization.title} text={shell.unknownOrganization.text}>
      <Link className="hr-button" data-kind="primary" href="~/">
        {shell.unknownPage.back}
      </Link>
    </Page>
  );
}
