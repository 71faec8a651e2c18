import type { ProfileRow } from "@headroom/db/profiles";
import { encodeId } from "@headroom/domain/ids";
import type { ProfileSettings } from "./profile-fields.ts";

export interface ProfileView {
  id: string;
  organizationId: string;
  /** The member whom it belongs to; null once that member is gone. */
  userId: string | null;
  name: string;
  slug: string | null;
  settings: ProfileSettings;
  createdAt: string;
  updatedAt: string;
}

export function toProfileView(row: ProfileRow): ProfileView {
  return {
    id: encodeId("prf", row.id),
    organizationId: encodeId("org", row.organization_id),
    userId: row.user_id === null ? null : encodeId("usr", row.user_id),
    name: row.name,
    slug: row.slug,
    settings: row.settings as ProfileSettings,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
