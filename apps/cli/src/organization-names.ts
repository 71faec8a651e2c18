import { DomainError } from "@headroom/domain/errors";
import { decodeId } from "@headroom/domain/ids";
import type { ServiceContext } from "@headroom/service/context";
import { resolveSlug } from "@headroom/service/organization-overview";
import { withContext } from "./context.ts";
import { readVariables } from "./environment.ts";
import type { Shell } from "./shell.ts";

/** An organization's raw id, from its id or slug. */
export function resolveOrganization(context: ServiceContext, name: string): Promise<string> | string {
  return decodeId("org", name) ?? bySlug(context, name);
}

async function bySlug(context: ServiceContext, slug: string): Promise<string> {
  try {
    return await resolveSlug(context, slug);
  } catch (cause) {
    if (!(cause instanceof DomainError && cause.code === "organization_not_found")) throw cause;
    throw new Error(`There is no organization ${slug}: give its id (org_…) or its slug.`, { cause });
  }
}

/** The same for a command that counts as the worker's role, which may not look slugs up. */
export async function identifyOrganization({ environment, terminal }: Shell, name: string): Promise<string> {
  const id = decodeId("org", name);
  if (id !== null) {
    return id;
  }
  return withContext(readVariables(environment), "hr_api", terminal, (context) => bySlug(context, name));
}
