import type { Team } from "./teams.ts";
import type { UsageMoment } from "./usage-story.ts";

/** A team with the usage that it has still to record. */
export interface MeteringTeam extends Team {
  /** Its period ends every month from here. */
  since: Date;
  ahead: UsageMoment[];
}

const mostInACall = 1_000;

/** Records what a team has used up to an instant, as its back end does. */
export async function recordUntil(team: MeteringTeam, until: Date): Promise<void> {
  const count = team.ahead.findIndex(({ at }) => at > until);
  const due = team.ahead.splice(0, count === -1 ? team.ahead.length : count);
  for (let from = 0; from < due.length; from += mostInACall) {
    const events = due.slice(from, from + mostInACall).map((moment) => ({
      meter: moment.meter,
      quantity: moment.quantity,
      memberId: team.userIds[moment.person],
      occurredAt: moment.at.toISOString(),
      idempotencyKey: moment.key,
      properties: moment.properties,
    }));
    await team.backEnd.usage.record.mutate({ events });
  }
}
