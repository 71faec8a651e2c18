import type { AlertWindow } from "./alerts.ts";
import type { Role } from "./permissions.ts";

/** What a field of an event's payload holds. Ids carry their prefix; a `?` at the end allows null. */
export interface FieldTypes {
  user: string;
  "user?": string | null;
  membership: string;
  invite: string;
  "invite?": string | null;
  key: string;
  webhook: string;
  profile: string;
  conversation: string;
  alert: string;
  role: Role;
  text: string;
  names: readonly string[];
  units: number;
  "units?": number | null;
  window: AlertWindow;
  instant: string;
}

export type FieldType = keyof FieldTypes;
