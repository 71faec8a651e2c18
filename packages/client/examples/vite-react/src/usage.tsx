import { isHeadroomError } from "@headroom/client";
import { invalidateOnEvents } from "@headroom/client/react-query";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTRPC, useTRPCClient } from "./headroom.ts";

/** What has been used today, and who is a member: asked again when an event says so, usage every five seconds. */
export function Usage({ organizationId }: { organizationId: string }) {
  const headroom = useTRPC();
  const client = useTRPCClient();
  const queryClient = useQueryClient();
  useEffect(
    () => invalidateOnEvents(queryClient, client, organizationId),
    [queryClient, client, organizationId],
  );
  const usage = useQuery(headroom.usage.get.queryOptions({ organizationId }, { refetchInterval: 5_000 }));
  const people = useQuery(headroom.members.list.queryOptions({ organizationId }));
  if (isHeadroomError(usage.error, "organization_not_found")) return <p>You are not a member.</p>;
  if (usage.data === undefined || people.data === undefined) return <p>One moment…</p>;
  const { meter, dailyUsed, dailyLimit } = usage.data.usage;
  return (
    <>
      <p>
        {dailyUsed} of {dailyLimit ?? "unlimited"} {meter} used today
      </p>
      <p>
        {people.data.seats.members} of {people.data.seats.limit ?? "unlimited"} seats taken
      </p>
      <ul>
        {people.data.members.map(({ id, email, role }) => (
          <li key={id}>
            {email}, {role}
          </li>
        ))}
      </ul>
    </>
  );
}
