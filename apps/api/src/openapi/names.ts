import { z } from "zod";
import * as inputs from "../inputs.ts";
import { type RoleNames, spellRoles } from "../role-aliases.ts";
import * as alerts from "../views/alerts.ts";
import * as apiKeys from "../views/api-keys.ts";
import * as audit from "../views/audit.ts";
import * as billing from "../views/billing.ts";
import * as conversations from "../views/conversations.ts";
import * as currentOrganization from "../views/current-organization.ts";
import * as entitlements from "../views/entitlements.ts";
import * as events from "../views/events.ts";
import * as invites from "../views/invites.ts";
import * as me from "../views/me.ts";
import * as members from "../views/members.ts";
import * as organizations from "../views/organizations.ts";
import * as overrides from "../views/overrides.ts";
import * as permissions from "../views/permissions.ts";
import * as plans from "../views/plans.ts";
import * as profiles from "../views/profiles.ts";
import * as reservations from "../views/reservations.ts";
import * as roles from "../views/roles.ts";
import * as usage from "../views/usage.ts";
import * as usageExplanation from "../views/usage-explanation.ts";
import * as users from "../views/users.ts";
import * as webhooks from "../views/webhooks.ts";
import { answerSchema, type JsonSchema } from "./schemas.ts";

/** Where a schema's name in code is its name outside. */
const sources = [
  inputs,
  alerts,
  apiKeys,
  audit,
  billing,
  conversations,
  currentOrganization,
  entitlements,
  events,
  invites,
  me,
  members,
  organizations,
  overrides,
  permissions,
  plans,
  profiles,
  reservations,
  roles,
  usage,
  usageExplanation,
  users,
  webhooks,
];

/**
 * `AcceptedInvite` → the schema as the document spells it. `roleNames` are the other names of roles.
 * @throws Error when one name stands for two schemas
 */
export function nameSchemas(roleNames: RoleNames): ReadonlyMap<string, JsonSchema> {
  const named = new Map<string, JsonSchema>();
  // Of two names of one schema the shorter is taken; modules list their exports in no order to rely on.
  const declared = declaredSchemas(roleNames).toSorted(
    ([one], [other]) => one.length - other.length || (one < other ? -1 : 1),
  );
  for (const [name, schema] of declared) {
    const other = named.get(name);
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(schema))
      throw new Error(`two schemas are called ${name}`);
    named.set(name, schema);
  }
  return named;
}

function declaredSchemas(roleNames: RoleNames): [string, JsonSchema][] {
  return sources.flatMap(
    (source) =>
      Object.entries(source).flatMap(([name, value]: [string, unknown]) => {
        if (!(value instanceof z.ZodType)) return [];
        const schema = schemaOf(value, source === inputs ? "input" : "output", roleNames);
        return isWorthAName(schema) ? [[pascalCase(name), schema] as const, ...variantsOf(schema)] : [];
      }) as [string, JsonSchema][],
  );
}

function schemaOf(type: z.ZodType, io: "input" | "output", roleNames: RoleNames): JsonSchema {
  return answerSchema(spellRoles(z.toJSONSchema(type, { io, unrepresentable: "any" }), roleNames, io));
}

/** Of plain texts and numbers a name would say less than what they are. */
function isWorthAName(schema: JsonSchema): boolean {
  const { type, pattern, enum: values, anyOf, oneOf, properties, additionalProperties } = schema;
  if (type === "string") return values !== undefined || /^\^[a-z]{3}_/.test(pattern ?? "");
  const says = Object.keys(properties ?? additionalProperties ?? {}).length > 0;
  return (type === "object" && says) || anyOf !== undefined || oneOf !== undefined;
}

/** Events are told apart by their names, which name their schemas: `member.joined` → `MemberJoinedEvent`. */
function variantsOf({ oneOf = [] }: JsonSchema): [string, JsonSchema][] {
  return (oneOf as JsonSchema[]).flatMap((variant) => {
    const { const: name } = (variant.properties?.name ?? {}) as JsonSchema;
    return typeof name === "string" ? [[`${pascalCase(name)}Event`, variant] as [string, JsonSchema]] : [];
  });
}

/** `usage.void.without_event_id` → `UsageVoidWithoutEventId`. */
export function pascalCase(name: string): string {
  return name.replace(/(?:^|[._-])([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
