import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { Answer, Empty } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useOrganization } from "../organization.tsx";
import { Endpoint } from "./endpoint.tsx";
import { EndpointDialog } from "./endpoint-dialog.tsx";
import { useTold } from "./secret-dialog.tsx";
import type { Webhook } from "./types.ts";

/** The endpoints that hear of the organization's events. */
export function Webhooks({ manages }: { manages: boolean }) {
  const { developers } = useToolMessages();
  const words = developers.webhooks;
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const query = useQuery({
    ...trpc.webhooks.list.queryOptions({ organizationId }),
    enabled: manages,
  });
  const [edited, setEdited] = useState<Webhook | "new" | null>(null);
  const told = useTold();
  return (
    <Section
      title={words.title}
      text={words.text}
      actions={
        <Button
          kind="primary"
          reason={manages ? null : developers.notAllowedWebhooks}
          onClick={() => {
            told.remember();
            setEdited("new");
          }}
        >
          {words.create}
        </Button>
      }
    >
      {manages ? (
        <Answer query={query}>
          {({ webhooks }) =>
            webhooks.length === 0 ? (
              <Empty title={words.empty} text={words.emptyText} />
            ) : (
              <ul className="developers-endpoints">
                {webhooks.map((webhook) => (
                  <li key={webhook.id}>
                    <Endpoint
                      webhook={webhook}
                      onEdit={() => setEdited(webhook)}
                      onRotate={told.remember}
                      onTold={told.tell}
                    />
                  </li>
                ))}
              </ul>
            )
          }
        </Answer>
      ) : (
        <p className="hr-muted">{developers.notAllowedWebhooks}</p>
      )}
      {edited === null ? null : (
        <EndpointDialog
          webhook={edited === "new" ? null : edited}
          onClose={() => setEdited(null)}
          onTold={told.tell}
        />
      )}
      {told.dialog}
    </Section>
  );
}
