import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { Section } from "../components/page.tsx";
import { Answer } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";

const most = 200;

/** Who belongs to the organization. */
export function Members({ organizationId }: { organizationId: string }) {
  const { operator, common } = useToolMessages();
  const words = operator.members;
  const formats = useFormats();
  const query = useQuery(useTRPC().members.list.queryOptions({ organizationId, limit: most }));
  return (
    <Section title={words.title}>
      <Answer query={query}>
        {({ members }) => (
          <table className="hr-table" data-cards>
            <caption className="hr-hidden">{words.caption}</caption>
            <thead>
              <tr>
                <th scope="col">{words.name}</th>
                <th scope="col">{words.role}</th>
                <th scope="col">{words.joined}</th>
              </tr>
            </thead>
            <tbody>
              {members.map(({ id, name, email, role, joinedAt }) => (
                <tr key={id}>
                  <th scope="row">
                    <span className="operator-two">
                      <span>{name ?? words.unnamed}</span>
                      <span className="hr-muted small">{email}</span>
                    </span>
                  </th>
                  <td data-label={words.role}>{(common.roles as Record<string, string>)[role] ?? role}</td>
                  <td data-label={words.joined}>{formats.date(joinedAt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Answer>
    </Section>
  );
}
