import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { useTRPC } from "../api.ts";
import type { Preview } from "../billing/managing.ts";
import { useMessages } from "../messages/messages.tsx";
import { pageOf, useOrganization } from "../organization.tsx";

const mostNames = 10;

type ShortageProps = { shortage: NonNullable<Preview["overLimit"]>; planName: string };

/** That a plan has fewer seats than there are members, what that means, and who they are. */
export function Shortage({ shortage, planName }: ShortageProps) {
  const { shortage: words } = useMessages().plan;
  const { roles } = useMessages().common;
  const formats = useFormats();
  const { id: organizationId, slug } = useOrganization();
  const { data } = useQuery(useTRPC().members.list.queryOptions({ organizationId, limit: mostNames }));
  const { members, limit, pending } = shortage;
  const tooMany = members - limit;
  const rest = members - (data?.members.length ?? 0);
  return (
    <div className="banner shortage" data-tone="warning" role="alert">
      <p>
        <strong>{words.title(formats.number(members), planName, formats.number(limit))}</strong>
      </p>
      <p>{words.text(formats.number(tooMany), tooMany)}</p>
      {pending > 0 ? <p>{words.pending(formats.number(pending), pending)}</p> : null}
      {data === undefined ? null : (
        <details>
          <summary>{words.who}</summary>
          <ul>
            {data.members.map(({ id, name, email, role }) => (
              <li key={id}>
                <span>{name ?? email}</span> <span className="hr-muted">{roles[role]}</span>
              </li>
            ))}
            {rest > 0 ? <li className="hr-muted">{words.more(formats.number(rest))}</li> : null}
          </ul>
        </details>
      )}
      <Link href={`~${pageOf(slug, "members")}`}>{words.members}</Link>
    </div>
  );
}
