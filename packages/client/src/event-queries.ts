import type { inferRouterOutputs } from "@trpc/server";
import type { AppRouter } from "./router.ts";

type Areas = AppRouter["_def"]["record"];
type QueriesOf<Area extends keyof Areas & string> = {
  [Name in keyof Areas[Area] & string]: Areas[Area][Name] extends { _def: { type: "query" } }
    ? `${Area}.${Name}`
    : never;
}[keyof Areas[Area] & string];

/** The path of a query: `members.list`. */
export type QueryPath = { [Area in keyof Areas & string]: QueriesOf<Area> }[keyof Areas & string];

/** The name of an event: `member.joined`. */
export type EventName = inferRouterOutputs<AppRouter>["events"]["list"]["events"][number]["name"];

type Paths = readonly QueryPath[];

/** Each event is listed itself, and sent to the endpoints for outgoing webhooks. */
const always = ["events.list", "webhooks.deliveries"] as const satisfies Paths;
const audited = ["audit.list", "audit.export"] as const satisfies Paths;
/** What shows how many seats are taken, by members or by invites. */
const seats = [
  "members.list",
  "organizations.current",
  "billing.get",
  "billing.previewChange",
  "entitlements.get",
] as const satisfies Paths;
/** What says who somebody is in the organization. */
const roles = [
  "members.list",
  "organizations.current",
  "organizations.get",
  "organizations.list",
  "permissions.get",
] as const satisfies Paths;
const invites = ["invites.list", "invites.preview", ...seats, ...audited] as const satisfies Paths;
const keys = ["apiKeys.list", "apiKeys.listOwn"] as const satisfies Paths;
const leaving = [...seats, ...roles, ...keys, "me.get", ...audited] as const satisfies Paths;
const limits = [
  "usage.get",
  "usage.check",
  "organizations.current",
  "entitlements.get",
  "alerts.list",
] as const satisfies Paths;
const webhooks = ["webhooks.list", "webhooks.get", ...audited] as const satisfies Paths;
const profiles = ["profiles.list", "profiles.get"] as const satisfies Paths;
const conversations = ["conversations.list", "conversations.get"] as const satisfies Paths;

/** The queries that answer otherwise once an event has happened. An event without a row does not compile. */
const touched = {
  "organization.updated": [
    "organizations.get",
    "organizations.list",
    "organizations.current",
    "invites.preview",
    // Its fields may be the alerts, and the time zone, which says when windows begin.
    "alerts.list",
    "usage.get",
    "usage.check",
    "usage.history",
    "usage.export",
    ...audited,
  ],
  "organization.deleted": [
    "organizations.get",
    "organizations.list",
    "organizations.current",
    "me.get",
    "permissions.get",
    "invites.preview",
    ...audited,
  ],
  "organization.ownership_transferred": [...roles, ...seats, ...audited],
  "member.joined": [...seats, ...roles, "invites.list", "me.get", ...audited],
  "member.role_changed": [...seats, ...roles, ...audited],
  "member.removed": leaving,
  "member.left": leaving,
  "invite.created": invites,
  "invite.resent": invites,
  "invite.revoked": invites,
  "invite.accepted": invites,
  "invite.declined": invites,
  "invite.expired": invites,
  "api_key.created": [...keys, ...audited],
  "api_key.rotated": [...keys, ...audited],
  "api_key.revoked": [...keys, ...audited],
  "webhook.created": webhooks,
  "webhook.updated": webhooks,
  "webhook.rotated": webhooks,
  "webhook.deleted": webhooks,
  "webhook.test": [],
  "profile.created": profiles,
  "profile.updated": profiles,
  "profile.deleted": profiles,
  "conversation.created": conversations,
  "conversation.closed": conversations,
  "conversation.reopened": conversations,
  "conversation.unassigned": conversations,
  conversation_assigned: conversations,
  "entitlements.changed": [
    ...limits,
    ...seats,
    "billing.invoices",
    "overrides.list",
    "permissions.get",
    ...audited,
  ],
  "max_overage.changed": [...limits, "billing.invoices", ...audited],
  "usage.alert_fired": [...limits, "usage.history", "usage.export", "usage.explain"],
} as const satisfies Record<EventName, Paths>;

/**
 * The queries that an event of that name touches. A name that this version does not know, because the server is newer,
 * touches only the lists of events.
 */
export function queriesTouchedBy(name: string): readonly QueryPath[] {
  const rows: Readonly<Record<string, Paths>> = touched;
  return Object.hasOwn(rows, name) ? [...new Set([...(rows[name] ?? []), ...always])] : always;
}

/** Every query that some event touches. */
export const queriesTouched: ReadonlySet<QueryPath> = new Set([...always, ...Object.values(touched).flat()]);
