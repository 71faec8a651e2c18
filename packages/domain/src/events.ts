import type { Policies } from "./configuration.ts";
import type { FieldType, FieldTypes } from "./event-fields.ts";
import { type Permission, type Role, roleMay } from "./permissions.ts";

interface EventDefinition {
  /** When it happens: a clause that follows "when". */
  when: string;
  /** Who sees it: whoever holds the permission, or the one user whom it is for. */
  audience: Permission | "recipient";
  payload: Readonly<Record<string, FieldType>>;
}

/**
 * The one table. A payload has ids, roles and states, no personal text. Events are kept for weeks and read by the code of
 * that day: a payload that must change is a new event.
 */
const table = {
  "organization.updated": {
    when: "fields of the organization have changed",
    audience: "organization.view",
    payload: { fields: "names" },
  },
  "organization.deleted": {
    when: "the organization is gone for its callers",
    audience: "organization.view",
    payload: {},
  },
  "organization.ownership_transferred": {
    when: "another member has become the owner",
    audience: "members.view",
    payload: { from: "user?", to: "user" },
  },
  "member.joined": {
    when: "somebody has become a member",
    audience: "members.view",
    payload: { userId: "user", membershipId: "membership", role: "role", inviteId: "invite?" },
  },
  "member.role_changed": {
    when: "a member has another role",
    audience: "members.view",
    payload: { userId: "user", from: "role", to: "role" },
  },
  "member.removed": {
    when: "a member was removed",
    audience: "members.view",
    payload: { userId: "user" },
  },
  "member.left": {
    when: "a member has left",
    audience: "members.view",
    payload: { userId: "user" },
  },
  "invite.created": {
    when: "an address was invited",
    audience: "invites.manage",
    payload: { inviteId: "invite", role: "role" },
  },
  "invite.resent": {
    when: "an invite has a new link, and its old one is dead",
    audience: "invites.manage",
    payload: { inviteId: "invite" },
  },
  "invite.revoked": {
    when: "an invite was withdrawn",
    audience: "invites.manage",
    payload: { inviteId: "invite" },
  },
  "invite.accepted": {
    when: "an invite was accepted",
    audience: "invites.manage",
    payload: { inviteId: "invite", userId: "user" },
  },
  "invite.declined": {
    when: "whoever holds the link has declined",
    audience: "invites.manage",
    payload: { inviteId: "invite" },
  },
  "invite.expired": {
    when: "an invite's time is over",
    audience: "invites.manage",
    payload: { inviteId: "invite" },
  },
  "api_key.created": {
    when: "a key was made",
    audience: "keys.manage",
    payload: { keyId: "key" },
  },
  "api_key.rotated": {
    when: "a key has a successor",
    audience: "keys.manage",
    payload: { keyId: "key", successorId: "key" },
  },
  "api_key.revoked": {
    when: "a key was ended",
    audience: "keys.manage",
    payload: { keyId: "key" },
  },
  "webhook.created": {
    when: "an endpoint for outgoing webhooks was added",
    audience: "webhooks.manage",
    payload: { webhookId: "webhook" },
  },
  "webhook.updated": {
    when: "an endpoint was changed, enabled or disabled",
    audience: "webhooks.manage",
    payload: { webhookId: "webhook" },
  },
  "webhook.rotated": {
    when: "an endpoint has a new secret",
    audience: "webhooks.manage",
    payload: { webhookId: "webhook" },
  },
  "webhook.deleted": {
    when: "an endpoint was deleted",
    audience: "webhooks.manage",
    payload: { webhookId: "webhook" },
  },
  "webhook.test": {
    when: "a test message to the endpoint was asked for; no other endpoint gets it",
    audience: "webhooks.manage",
    payload: { webhookId: "webhook" },
  },
  "profile.created": {
    when: "a profile was made",
    audience: "profiles.view",
    payload: { profileId: "profile", userId: "user?" },
  },
  "profile.updated": {
    when: "a profile was changed",
    audience: "profiles.view",
    payload: { profileId: "profile", fields: "names" },
  },
  "profile.deleted": {
    when: "a profile was deleted",
    audience: "profiles.view",
    payload: { profileId: "profile" },
  },
  "conversation.created": {
    when: "a conversation was opened",
    audience: "conversations.view",
    payload: { conversationId: "conversation" },
  },
  "conversation.closed": {
    when: "a conversation was closed",
    audience: "conversations.view",
    payload: { conversationId: "conversation" },
  },
  "conversation.reopened": {
    when: "a conversation was opened again",
    audience: "conversations.view",
    payload: { conversationId: "conversation" },
  },
  "conversation.unassigned": {
    when: "a conversation lost its assignee, who is a member no more",
    audience: "conversations.view",
    payload: { conversationId: "conversation", userId: "user" },
  },
  conversation_assigned: {
    when: "a conversation was assigned to the user who receives this",
    audience: "recipient",
    payload: {
      conversationId: "conversation",
      subject: "text",
      assigneeId: "user",
      assignedBy: "user?",
    },
  },
  "entitlements.changed": {
    when: "plan, seats, limits or features may have changed: ask again",
    audience: "billing.view",
    payload: {},
  },
  "max_overage.changed": {
    when: "a meter has another max overage",
    audience: "usage.view",
    payload: { meter: "text" },
  },
  "usage.alert_fired": {
    when: "usage has reached the threshold of an alert, once in each window; `limit`: what the alert is about",
    audience: "usage.view",
    payload: {
      alertId: "alert",
      meter: "text",
      window: "window",
      threshold: "units",
      used: "units",
      limit: "units?",
      windowStart: "instant",
      windowEnd: "instant",
    },
  },
} as const satisfies Record<string, EventDefinition>;

type Table = typeof table;

export type EventName = keyof Table;

/** The payload of each event, by name. */
export type EventPayloads = {
  [Name in EventName]: {
    [Field in keyof Table[Name]["payload"]]: FieldTypes[Table[Name]["payload"][Field] & FieldType];
  };
};

/** What each field of each event's payload holds, by name. */
export type EventFields = { [Name in EventName]: Table[Name]["payload"] };

/** An event as it is raised; its number and time come from the transaction that keeps it. */
export type RaisedEvent = {
  [Name in EventName]: {
    name: Name;
    payload: EventPayloads[Name];
  } & (Table[Name]["audience"] extends "recipient" ? { recipient: string } : { recipient?: undefined });
}[EventName];

export const eventNames = Object.keys(table) as readonly EventName[];

/** The event's entry in the table. */
export function describeEvent(name: EventName): EventDefinition {
  return table[name];
}

/** The names that a member with this role sees whoever they are for; events for one user come on top. */
export function eventsVisibleTo(role: Role, policies: Policies): EventName[] {
  return eventNames.filter((name) => {
    const audience: EventDefinition["audience"] = table[name].audience;
    return audience !== "recipient" && roleMay(role, audience, policies);
  });
}

/** The names that nobody sees but the one user whom an event is for. */
export const eventsForRecipients: readonly EventName[] = eventNames.filter(
  (name) => table[name].audience === "recipient",
);
