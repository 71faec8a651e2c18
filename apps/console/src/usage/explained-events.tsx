import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { CopyButton } from "../components/copy-button.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useOrganization } from "../organization.tsx";
import type { Explanation } from "./readings.ts";

/** The events behind a number, newest first; of those that are gone, what is left of them. */
export function ExplainedEvents({ pages }: { pages: readonly Explanation[] }) {
  const { usage } = useMessages();
  const words = usage.explained;
  const formats = useFormats();
  const { id: organizationId } = useOrganization();
  const { data } = useQuery(useTRPC().members.list.queryOptions({ organizationId, limit: 200 }));
  const events = pages.flatMap((page) => page.events);
  const tallies = pages.flatMap((page) => page.tallies);
  const nameOf = (userId: string | null) => {
    if (userId === null) return null;
    const member = data?.members.find(({ id }) => id === userId);
    return member?.name ?? member?.email ?? usage.formerMember(userId.slice(-6));
  };
  return (
    <section>
      <h3>{words.events}</h3>
      {events.length + tallies.length === 0 ? <p className="hr-muted">{words.noEvents}</p> : null}
      <ul className="event-list">
        {events.map((event) => (
          <li key={event.eventId}>
            <div>
              <p>
                <strong>{formats.number(event.quantity)}</strong>
                <span className="hr-muted">{` · ${formats.dateTime(event.occurredAt)}`}</span>
                {event.memberId === null ? null : (
                  <span className="hr-muted">{` · ${nameOf(event.memberId)}`}</span>
                )}
              </p>
              <p className="small hr-muted">
                {`${words.key} `}
                <code>{event.idempotencyKey}</code>
              </p>
              <p>
                {event.voids === null ? null : <span className="hr-badge">{words.takesBack}</span>}
                {event.carried ? <span className="hr-badge">{words.isCarried}</span> : null}
                {event.overCap > 0 ? (
                  <span className="hr-badge" data-tone="warning">
                    {words.aboveCap(formats.number(event.overCap))}
                  </span>
                ) : null}
              </p>
            </div>
            <CopyButton text={event.eventId} label={words.copyId} />
          </li>
        ))}
        {tallies.map((tally) => (
          <li key={`${tally.date}${tally.memberId}`}>
            <p>
              <strong>{formats.number(tally.used)}</strong>
              <span className="hr-muted">{` · ${formats.day(tally.date)} · ${words.tally(formats.number(tally.events))}`}</span>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
