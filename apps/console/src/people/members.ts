import { type MemberOffer, offersFor, type TableMember } from "@headroom/react";
import { type QueryClient, type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTRPC, useTRPCClient } from "../api.ts";
import { type Outputs, useOrganization } from "../organization.tsx";

type Page = Outputs["members"]["list"];
export type Member = TableMember;
export type Invite = Page["invites"][number];
/** Everybody in the organization, on one page. */
export type Everybody = Omit<Page, "nextCursor">;

const mostAtOnce = 200;
const deliveryPollMs = 2_000;

/** All members and pending invites. */
export function useEverybody(): UseQueryResult<Everybody, unknown> {
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const client = useTRPCClient();
  return useQuery<Everybody, unknown>({
    queryKey: trpc.members.list.queryKey({ organizationId, limit: mostAtOnce }),
    queryFn: async ({ signal }) => {
      const ask = (cursor?: string) =>
        client.members.list.query(
          { organizationId, limit: mostAtOnce, ...(cursor === undefined ? {} : { cursor }) },
          { signal },
        );
      const { nextCursor: next, ...everybody } = await ask();
      let cursor = next;
      while (cursor !== null) {
        const page = await ask(cursor);
        everybody.members.push(...page.members);
        everybody.invites.push(...page.invites);
        cursor = page.nextCursor;
      }
      return everybody;
    },
    // That a mail has arrived is no event.
    refetchInterval: ({ state }) =>
      state.data?.invites.some(({ emailDelivery }) => emailDelivery === "pending") ? deliveryPollMs : false,
  });
}

/** What the person can do with each member. Nothing until their permissions are known. */
export function useOffers(
  everybody: Pick<Everybody, "members" | "currentUserId" | "currentUserRole">,
): (member: Member) => MemberOffer {
  const { id: organizationId } = useOrganization();
  const { data } = useQuery(useTRPC().permissions.get.queryOptions({ organizationId }));
  return offersFor({
    userId: everybody.currentUserId,
    role: everybody.currentUserRole,
    permissions: data?.permissions ?? [],
    members: everybody.members,
  });
}

/** Asks afresh for what a change of members, invites or roles has touched. */
export function useRefreshPeople(): () => Promise<void> {
  const trpc = useTRPC();
  const queries: QueryClient = useQueryClient();
  return async () => {
    await Promise.all(
      [trpc.members.list, trpc.permissions.get, trpc.organizations.list].map((procedure) =>
        queries.invalidateQueries({ queryKey: procedure.queryKey() }),
      ),
    );
  };
}

/** The members whose name or address has the text. */
export function findMembers(members: readonly Member[], search: string): readonly Member[] {
  const wanted = search.trim().toLowerCase();
  if (wanted === "") return members;
  return members.filter(({ name, email }) =>
    [name, email].some((text) => text?.toLowerCase().includes(wanted)),
  );
}
