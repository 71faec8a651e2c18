import { HeadroomProvider } from "@headroom/react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { Link, Redirect, useLocation, useParams } from "wouter";
import { useTRPC, useTRPCClient } from "../api.ts";
import { Page } from "../components/page.tsx";
import { Answer } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { type Organization, OrganizationProvider, pageOf } from "../organization.tsx";
import { localeOf } from "../preferences.ts";
import { useSurroundings } from "../surroundings.tsx";
import { Live } from "./live.tsx";
import { useOrganizations } from "./organizations.ts";
import { Shell } from "./shell.tsx";

/** The pages of one organization: the one whose slug the address has. What happens in it is shown as it happens. */
export function OrganizationShell({ children }: { children: ReactNode }) {
  const { slug } = useParams<{ slug: string }>();
  const query = useOrganizations();
  const shown = useShown(slug, query.data?.organizations ?? []);
  return (
    <Answer query={query}>
      {({ activeOrganizationId }) => {
        if (shown === undefined) {
          return (
            <Shell>
              <UnknownOrganization />
            </Shell>
          );
        }
        return (
          <OrganizationProvider key={shown.id} organization={shown}>
            {shown.slug === slug ? null : <Follow organization={shown} />}
            <RememberActive organization={shown} activeId={activeOrganizationId} />
            <InZone organization={shown}>
              <Shell organization={shown}>
                <Live organizationId={shown.id}>{children}</Live>
              </Shell>
            </InZone>
          </OrganizationProvider>
        );
      }}
    </Answer>
  );
}

/** The organization with the slug, or the one that had it when the page was opened and was renamed since. */
function useShown(slug: string, organizations: readonly Organization[]): Organization | undefined {
  const last = useRef<{ slug: string; id: string } | null>(null);
  const named = organizations.find((candidate) => candidate.slug === slug);
  const had = last.current?.slug === slug ? last.current.id : null;
  const shown = named ?? organizations.find(({ id }) => id === had);
  useEffect(() => {
    if (named !== undefined) last.current = { slug, id: named.id };
  }, [named, slug]);
  return shown;
}

/** The address follows when the organization's slug becomes another. */
function Follow({ organization }: { organization: Organization }) {
  const [page] = useLocation();
  return <Redirect to={`~${pageOf(organization.slug, page.replace(/^\//, ""))}`} replace />;
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
  const trpc = useTRPC();
  const queries = useQueryClient();
  const { id } = organization;
  useEffect(() => {
    if (activeId === id) return;
    const remembered = () => queries.invalidateQueries({ queryKey: trpc.organizations.list.queryKey() });
    client.organizations.switch.mutate({ organizationId: id }).then(remembered, () => {});
  }, [client, trpc, queries, id, activeId]);
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
