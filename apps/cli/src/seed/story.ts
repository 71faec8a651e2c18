import { fillDay, furnishAcme } from "./acme.ts";
import { acme, type CastOrganization, globex, initech, invited, organizations, people } from "./cast.ts";
import { addMonths, dayAt } from "./dates.ts";
import { type DevelopmentStack, signIn } from "./development-stack.ts";
import { openClock, type SandboxClock } from "./sandbox-clock.ts";
import { breakCard, foundTeam, type Purchase, personOf } from "./teams.ts";
import { type MeteringTeam, recordUntil } from "./usage-recording.ts";
import { storyDays, usageOf } from "./usage-story.ts";

/** What the demo is after its story. */
export interface SeededDemo {
  organizations: { id: string; slug: string }[];
  people: number;
  days: number;
  /** The API key of Acme; shown once. */
  demoKey: string;
}

/** A period's last usage is recorded this long before its end. */
const beforeRenewalMs = 5 * 60_000;
const maxOverageJobs = 2_000;

/** True when an organization of the cast is there. */
export async function isSeeded(stack: DevelopmentStack): Promise<boolean> {
  const present = await Promise.all(
    organizations.map(async ({ owner, slug }) => {
      const client = await signIn(stack, personOf(owner));
      const { organizations: own } = await client.organizations.list.query({});
      return own.some((one) => one.slug === slug);
    }),
  );
  return present.includes(true);
}

/**
 * Plays the three organizations' story on a stack whose clock is far enough in the past: founded, paid, metered day by
 * day, renewed. The clock ends at real time. `tell` says how far it has come.
 * @throws Error when the clock has passed the story's beginning
 */
export async function playStory(
  stack: DevelopmentStack,
  tell: (done: number, total: number) => void,
): Promise<SeededDemo> {
  const now = new Date();
  const clock = openClock(stack);
  const begins = addMonths(dayAt(now, 16, 9, 12), -3);
  if ((await clock.now()) > begins) {
    throw new Error("the demo begins months ago, and this stack's clock only goes on: npm start -- --fresh");
  }
  const teams: MeteringTeam[] = [];
  const found = async (cast: CastOrganization, purchase: Purchase): Promise<MeteringTeam> => {
    const team = await foundTeam(stack, cast, purchase);
    const ahead = usageOf(cast.slug, team.userIds.length, now);
    const metering = { ...team, since: await clock.now(), ahead };
    teams.push(metering);
    return metering;
  };
  const passTo = async (to: Date): Promise<void> => {
    await pass(clock, teams, to);
    tell(teams.length, organizations.length + 1);
  };

  await passTo(begins);
  const first = await found(acme, "checkout");
  const { organizationId } = first;
  const overage = { organizationId, meter: "jobs", units: maxOverageJobs };
  await first.owner.organizations.setMaxOverages.mutate(overage);
  await passTo(addMonths(dayAt(now, 2, 14, 40), -3));
  const second = await found(globex, "checkout");
  await passTo(dayAt(now, 10, 10, 5));
  await found(initech, "trial");
  await passTo(dayAt(now, 6, 15, 30));
  await breakCard(second);
  await passTo(dayAt(now, 1, 11, 20));
  await furnishAcme(first, invited);
  await passTo(new Date());
  await clock.catchUp();
  await fillDay(first);
  return {
    organizations: teams.map(({ organizationId: id, cast: { slug } }) => ({ id, slug })),
    people: people.length,
    days: storyDays,
    demoKey: first.key,
  };
}

/** Lets time pass. Before each period's end its usage is recorded, so that it is counted and billed where it belongs. */
async function pass(clock: SandboxClock, teams: readonly MeteringTeam[], to: Date): Promise<void> {
  for (let from = await clock.now(); from < to; ) {
    const ends = teams.map(({ since }) => nextEnd(since, from).getTime());
    const end = new Date(Math.min(to.getTime(), ...ends));
    const stop = end < to ? new Date(end.getTime() - beforeRenewalMs) : to;
    if (stop > (await clock.now())) await clock.moveTo(stop);
    await Promise.all(teams.map((team) => recordUntil(team, stop)));
    from = end;
  }
}

/** The first end of a period after an instant. */
function nextEnd(since: Date, after: Date): Date {
  for (let months = 1; ; months += 1) {
    const end = addMonths(since, months);
    if (end > after) return end;
  }
}
