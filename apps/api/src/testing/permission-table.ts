import type { Policies } from "@headroom/domain/configuration";
import { defaultPolicies } from "@headroom/domain/configuration";
import {
  type Permission,
  permissions,
  type Role,
  roleMay,
  roles,
  type Scope,
  scopes,
  scopesMay,
} from "@headroom/domain/permissions";
import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import type { z } from "zod";
import type { Meta } from "../trpc.ts";

/** A line of the published table: what a procedure asks of its caller. */
export type ProcedureRow = {
  procedure: string;
  /** `public`, `signed in`, `user`, a permission, or `platform key, <scope>`. */
  asks: string;
};

/** A line of the published table: who holds a permission under the default policies. */
export type PermissionRow = { permission: string; may: Record<Role, boolean>; scope: string | null };

/** The policies that move a permission from one column to another. */
const movers: Readonly<Record<string, Partial<Policies>>> = {
  "invites.by": { invites: { ...defaultPolicies.invites, by: "owner" } },
  "billing.by": { billing: { by: "admins" } },
  "organizations.identityBy": { organizations: { ...defaultPolicies.organizations, identityBy: "owner" } },
};

/** `docs/permissions.md`, from the code. */
export function renderPermissions(router: AnyTRPCRouter): string {
  return [
    "# Permissions",
    "",
    "What is not in these tables is denied. A test asks every procedure as every kind of caller and compares the answers",
    "with this page.",
    "",
    "## Who holds which permission",
    "",
    "Under `roles.creator: admin` admins hold the owner's column as well. Where a policy decides, its default is shown. A",
    "key of the organization holds what its scopes give; a personal one never more than its member holds now. Operators",
    "hold every permission.",
    "",
    "| permission | owner | admin | member | API key scope |",
    "|---|---|---|---|---|",
    ...permissions.map(permissionLine),
    "",
    "## What each procedure asks for",
    "",
    "`public`: nobody needs to sign in. `signed in`: any valid credential. `user`: a person, or a platform key on behalf of",
    "one. `operator`: a listed one who says so; anybody else is 403, whatever organization they name. A foreign or unknown",
    "organization is 404 `organization_not_found`, a missing permission 403 `forbidden`.",
    "",
    "| procedure | REST | asks for |",
    "|---|---|---|",
    ...proceduresOf(router).map(({ name, meta }) => `| ${name} | ${restOf(meta)} | ${asked(meta)} |`),
    "",
  ].join("\n");
}

function permissionLine(permission: Permission): string {
  const cells = roles.map((role) => roleCell(role, permission));
  const scope = scopeOf(permission);
  return `| ${[permission, ...cells, scope === null ? "none" : `\`${scope}\``].join(" | ")} |`;
}

function roleCell(role: Role, permission: Permission): string {
  const now = roleMay(role, permission, defaultPolicies);
  const mover = Object.entries(movers).find(
    ([, change]) => roleMay(role, permission, { ...defaultPolicies, ...change }) !== now,
  );
  return `${now ? "yes" : "no"}${mover === undefined ? "" : `, by \`${mover[0]}\``}`;
}

function scopeOf(permission: Permission): Scope | null {
  return scopes.find((scope) => scopesMay([scope], permission)) ?? null;
}

/** A procedure as it is declared. */
export type Declared = {
  name: string;
  type: "query" | "mutation" | "subscription";
  meta: Meta;
  input: z.ZodType;
};

/** Every procedure of a router. */
export function proceduresOf(router: AnyTRPCRouter): Declared[] {
  const procedures = Object.entries(router._def.procedures as Record<string, AnyTRPCProcedure>);
  return procedures.map(([name, { _def }]) => {
    const { inputs } = _def as unknown as { inputs: [z.ZodType] };
    return { name, type: _def.type, meta: (_def.meta ?? {}) as Meta, input: inputs[0] };
  });
}

function restOf({ rest }: Meta): string {
  if (rest === undefined) return "none";
  const methods = [rest.method].flat().join(", ");
  return [rest.path]
    .flat()
    .map((path) => `\`${methods} /v1${path}\``)
    .join("<br>");
}

const kinds: Readonly<Record<string, string>> = {
  public: "public",
  signed_in: "signed in",
  user: "user",
  operator: "operator",
};

function asked({ permission = "public" }: Meta): string {
  if (permission === "usage:write") return "API key, `usage:write`";
  const isScope = scopes.some((scope) => scope === permission);
  return kinds[permission] ?? (isScope ? `platform key, \`${permission}\`` : permission);
}

/** What the page says, read back. */
export function parsePermissions(page: string): { permissions: PermissionRow[]; procedures: ProcedureRow[] } {
  const lines = page.split("\n").flatMap((line) => {
    const cells = line.split("|").slice(1, -1);
    return cells.length === 0 ? [] : [cells.map((cell) => cell.trim().replaceAll("`", ""))];
  });
  const body = lines.filter(
    ([first = ""]) => /^[a-z]/i.test(first) && !["permission", "procedure"].includes(first),
  );
  return {
    permissions: body
      .filter((cells) => cells.length === 5)
      .map(([permission = "", owner = "", admin = "", member = "", scope = ""]) => ({
        permission,
        may: { owner: isYes(owner), admin: isYes(admin), member: isYes(member) },
        scope: scope === "none" ? null : scope,
      })),
    procedures: body
      .filter((cells) => cells.length === 3)
      .map(([procedure = "", , asks = ""]) => ({ procedure, asks })),
  };
}

function isYes(cell: string): boolean {
  return cell.startsWith("yes");
}
