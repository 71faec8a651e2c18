import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useTRPC, useTRPCClient } from "../api.ts";
import type { Organization, Outputs } from "../organization.tsx";

/** All organizations of the person, on one page. */
type Organizations = Pick<Outputs["organizations"]["list"], "organizations" | "activeOrganizationId">;

const mostAtOnce = 200;
const pageLength = 8;

/** Every organization that the person is in, however many. */
export function useOrganizations(): UseQueryResult<Organizations, unknown> {
  const trpc = useTRPC();
  const client = useTRPCClient();
  return useQuery<Organizations, unknown>({
    queryKey: trpc.organizations.list.queryKey({ limit: mostAtOnce }),
    queryFn: async ({ signal }) => {
      const { nextCursor, ...all } = await client.organizations.list.query({ limit: mostAtOnce }, { signal });
      let cursor = nextCursor;
      while (cursor !== null) {
        const page = await client.organizations.list.query({ limit: mostAtOnce, cursor }, { signal });
        all.organizations.push(...page.organizations);
        cursor = page.nextCursor;
      }
      return all;
    },
  });
}

/** The one that the person was in last, else their first. */
export function lastOrganization({
  organizations,
  activeOrganizationId,
}: Organizations): Organization | undefined {
  return organizations.find(({ id }) => id === activeOrganizationId) ?? organizations[0];
}

/** Those whose name or slug has the text; what begins with it first. */
export function findOrganizations<Found extends Pick<Organization, "name" | "slug">>(
  organizations: readonly Found[],
  search: string,
): readonly Found[] {
  const wanted = search.trim().toLowerCase();
  if (wanted === "") return organizations;
  const rank = ({ name, slug }: Found) => {
    const called = name.toLowerCase();
    if (called.startsWith(wanted) || slug.startsWith(wanted)) return 0;
    return called.includes(wanted) || slug.includes(wanted) ? 1 : null;
  };
  return [0, 1].flatMap((wantedRank) => organizations.filter((one) => rank(one) === wantedRank));
}

/** Which of `count` entries a key leads to from the one at `index`; null: the key leads to none. */
export function stepTo(key: string, index: number, count: number): number | null {
  if (count === 0) return null;
  switch (key) {
    case "ArrowDown":
      return (index + 1) % count;
    case "ArrowUp":
      return (index - 1 + count) % count;
    case "PageDown":
      return Math.min(index + pageLength, count - 1);
    case "PageUp":
      return Math.max(index - pageLength, 0);
    default:
      return null;
  }
}
