import type { Team } from "./teams.ts";

/** What Acme has beside its usage: open invites, an alert, a profile, a conversation. */
export async function furnishAcme(
  { owner, organizationId, userIds }: Team,
  invited: readonly string[],
): Promise<void> {
  const invites = invited.map((email) => ({ email }));
  const talk = async (): Promise<void> => {
    const subject = "Refund of order 1742";
    const { id: conversationId } = await owner.conversations.create.mutate({ organizationId, subject });
    const userId = userIds[2] ?? "";
    await owner.conversations.assign.mutate({ organizationId, conversationId, userId });
  };
  await Promise.all([
    owner.invites.bulk.mutate({ organizationId, invites }),
    owner.alerts.create.mutate({ organizationId, meter: "pages", window: "day", percent: 80 }),
    owner.profiles.create.mutate({ organizationId, name: "Nightly crawl" }),
    talk(),
  ]);
}

/** The rest of Acme's day: it takes every page that is left until its daily limit. */
export async function fillDay({ backEnd, userIds }: Team): Promise<void> {
  const { meters } = await backEnd.usage.get.query({});
  const pages = meters.find(({ meter }) => meter === "pages");
  const left = (pages?.dailyLimit ?? 0) - (pages?.dailyUsed ?? 0);
  if (left <= 0) return;
  const properties = { project: "docs" };
  const rest = { meter: "pages", quantity: left, memberId: userIds[3], properties };
  const { allowed } = await backEnd.usage.consume.mutate(rest);
  if (!allowed) throw new Error("Acme's last pages of the day were refused");
}
