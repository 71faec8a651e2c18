import type { ProfileRow } from "@headroom/db/profiles";
import { parseName, parseSlug } from "@headroom/domain/organizations";
import { canonicalJson } from "@headroom/domain/usage";

/** A small map of the caller's own. It is replaced as a whole. */
export type ProfileSettings = Record<string, string | number | boolean | null>;

/** What callers say of a profile. A field that is absent is not touched; a slug of null is none. */
export interface ProfileFields {
  name?: string | undefined;
  slug?: string | null | undefined;
  settings?: ProfileSettings | undefined;
  /** The member whom it belongs to, a raw UUID. */
  userId?: string | undefined;
}

/** The given fields as columns, checked. @throws DomainError validation_failed */
export function readFields({ name, slug, settings, userId }: ProfileFields) {
  return {
    ...(name === undefined ? {} : { name: parseName(name) }),
    ...(slug === undefined ? {} : { slug: slug === null ? null : parseSlug(slug) }),
    ...(settings === undefined ? {} : { settings }),
    ...(userId === undefined ? {} : { user_id: userId }),
  };
}

/** The fields, by callers' names, whose columns would hold something else than they do. */
export function changedFields(profile: ProfileRow, columns: ReturnType<typeof readFields>): string[] {
  const names = Object.keys(columns) as (keyof typeof columns)[];
  return names
    .filter((name) => canonicalJson(profile[name]) !== canonicalJson(columns[name]))
    .map((name) => (name === "user_id" ? "userId" : name));
}
