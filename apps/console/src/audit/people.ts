import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useOrganization } from "../organization.tsx";
import type { Entry } from "./facts.ts";

const most = 200;

/** The organization's members, for their names. */
export function useMembers() {
  const { id: organizationId } = useOrganization();
  const { data } = useQuery(useTRPC().members.list.queryOptions({ organizationId, limit: most }));
  return data?.members ?? [];
}

/** A person by name; one who has left has none any more. */
export function useNameOfUser(): (id: string | null) => string {
  const { audit: words } = useToolMessages();
  const members = useMembers();
  return (id) => {
    const member = members.find((one) => one.id === id);
    return member?.name ?? member?.email ?? words.former;
  };
}

/** Who did it, by name where it is known. */
export function useNameOfActor(): (actor: Entry["actor"]) => string {
  const { audit: words } = useToolMessages();
  const nameOfUser = useNameOfUser();
  return ({ kind, id, onBehalfOf }) => {
    if (kind === "user") return nameOfUser(id);
    if (kind === "operator") return words.operator;
    if (kind === "system") return words.systems[id ?? ""] ?? id ?? "";
    const key = kind === "platform_key" ? words.platformKey : words.key;
    return onBehalfOf === null ? key : `${key} ${words.onBehalfOf(nameOfUser(onBehalfOf))}`;
  };
}
