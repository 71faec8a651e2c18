import type { Messages } from "./messages-en.ts";

export type Role = "owner" | "admin" | "member";

/** The reader's word for a role; under `roles.aliases` the SaaS's own word is shown as it is. */
export function roleName(words: Messages, role: string): string {
  const names: Readonly<Record<string, string>> = words.roles;
  return names[role] ?? role;
}
