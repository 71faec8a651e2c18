import { layOut, type RenderedMail, readableNumber } from "./layout.ts";

export interface SeatLimitMailFacts {
  organizationName: string;
  limit: number;
  members: number;
  pending: number;
  /** Display names of plans that would hold one more. */
  upgradePlans: readonly string[];
}

/** The mail to who manages billing when somebody could not be invited, or could not join. */
export function renderSeatLimitMail(facts: SeatLimitMailFacts, console: string): RenderedMail {
  const { organizationName, upgradePlans } = facts;
  const [limit, members, pending] = [facts.limit, facts.members, facts.pending].map(readableNumber);
  const help = upgradePlans.length === 0 ? "" : ` More seats: ${upgradePlans.join(", ")}.`;
  return layOut({
    subject: `${organizationName} has no free seats`,
    opening: `Somebody could not be added to ${organizationName}: all seats are taken.`,
    action: "See the seats",
    link: console,
    closing: `Seats: ${limit}. Members: ${members}. Open invites: ${pending}.${help} You get this mail at most once a day.`,
  });
}
