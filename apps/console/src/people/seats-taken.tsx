import { type SeatCounts, useFormats } from "@headroom/react";
import { Link } from "wouter";
import { useMessages } from "../messages/messages.tsx";
import { pageOf, useOrganization } from "../organization.tsx";

/** How many seats the addresses would take, and what to do when there are too few. */
export function SeatsTaken({ seats, asked }: { seats: SeatCounts; asked: number }) {
  const { full, inviting } = useMessages().members;
  const { slug } = useOrganization();
  const formats = useFormats();
  const { available } = seats;
  const count = formats.number(asked);
  const tooFew = available !== null && asked > available;
  return (
    <div className="seats-taken" data-tone={tooFew ? "warning" : undefined} role="status">
      <p>
        {available === null
          ? inviting.takesUnlimited(count, asked)
          : inviting.takes(count, formats.number(available), available)}
      </p>
      {tooFew ? (
        <p>
          {inviting.tooFew(formats.number(available), available)}{" "}
          <Link href={`~${pageOf(slug, "plan")}`}>{full.plan}</Link>
        </p>
      ) : null}
    </div>
  );
}
