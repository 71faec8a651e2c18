import { describeAliases } from "../aliases/openapi.ts";
import type { AliasTable } from "../aliases/table.ts";
import { shareComponents } from "../openapi/components.ts";
import { createOpenApiDocument } from "../openapi/document.ts";
import { nameSchemas } from "../openapi/names.ts";
import type { RouteTable } from "../rest/table.ts";
import type { RoleAliases, RoleNames } from "../role-aliases.ts";

/** The document at `/openapi.json`: every route, what repeats in it under a name. */
export function createReferenceDocument(
  table: RouteTable,
  aliases: AliasTable | null,
  roles: RoleAliases | null,
  roleNames: RoleNames,
): Record<string, unknown> {
  const document = createOpenApiDocument(table, aliases ? describeAliases(aliases, roles) : {}, roles);
  return shareComponents(document, nameSchemas(roleNames));
}
