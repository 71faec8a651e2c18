import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { Page } from "../components/page.tsx";
import { Answer } from "../components/states.tsx";
import { Keys } from "../developers/keys.tsx";
import { Requests } from "../developers/requests.tsx";
import { Snippets } from "../developers/snippets-section.tsx";
import { Webhooks } from "../developers/webhooks.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useOrganization } from "../organization.tsx";
import "../styles/choices.css";
import "../styles/developers.css";

/** Keys, webhooks, requests, and programs to copy. */
export default function Developers() {
  const { developers: words } = useToolMessages();
  const { id: organizationId } = useOrganization();
  const query = useQuery(useTRPC().permissions.get.queryOptions({ organizationId }));
  return (
    <Page title={words.title} text={words.text} actions={<Links />}>
      <Answer query={query}>
        {({ permissions }) => (
          <>
            <Keys manages={permissions.includes("keys.manage")} />
            <Webhooks manages={permissions.includes("webhooks.manage")} />
          </>
        )}
      </Answer>
      <Snippets />
      <Requests />
    </Page>
  );
}

function Links() {
  const { links: words } = useToolMessages().developers;
  const pages = [
    [words.reference, "/docs"],
    [words.guide, "/docs/guide"],
    [words.metering, "/docs/guide/metering"],
    [words.webhooks, "/docs/guide/webhooks"],
    [words.events, "/docs/guide/events"],
  ] as const;
  return (
    <nav aria-label={words.label}>
      <ul className="developers-links">
        {pages.map(([name, href]) => (
          <li key={href}>
            <a href={href}>{name}</a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
