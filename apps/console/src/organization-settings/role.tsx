import { roleName, useWords } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { Check, Minus } from "../components/icons.tsx";
import { Section } from "../components/page.tsx";
import { Answer } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { type Permission, useOrganization } from "../organization.tsx";

/** What people ask about: keys have more of them, and some parts of the product are not in every installation. */
const asked = [
  "usage.view",
  "members.view",
  "billing.view",
  "invites.manage",
  "members.change",
  "organization.update",
  "organization.identify",
  "keys.manage",
  "webhooks.manage",
  "audit.view",
  "billing.manage",
  "organization.transfer",
  "organization.delete",
] as const satisfies readonly Permission[];

/** What the person's role allows here, and what not. */
export function RoleMatrix() {
  const { settings } = useMessages();
  const words = useWords();
  const { id: organizationId } = useOrganization();
  const query = useQuery(useTRPC().permissions.get.queryOptions({ organizationId }));
  return (
    <Section title={settings.role.title} text={settings.role.text}>
      <Answer query={query} lines={6}>
        {({ role, permissions }) => (
          <table className="hr-table permissions">
            <caption className="hr-hidden">{settings.role.title}</caption>
            <thead>
              <tr>
                <th scope="col">{settings.role.right}</th>
                <th scope="col">{role === null ? settings.role.allowed : roleName(words, role)}</th>
              </tr>
            </thead>
            <tbody>
              {asked.map((permission) => (
                <tr key={permission}>
                  <th scope="row">{settings.role.rights[permission]}</th>
                  <td>
                    <Verdict held={permissions.includes(permission)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Answer>
    </Section>
  );
}

function Verdict({ held }: { held: boolean }) {
  const { role } = useMessages().settings;
  const Icon = held ? Check : Minus;
  return (
    <span className="verdict" data-held={held || undefined}>
      <Icon size={18} />
      {held ? role.yes : role.no}
    </span>
  );
}
