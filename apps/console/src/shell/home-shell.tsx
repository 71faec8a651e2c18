import type { ReactNode } from "react";
import { lastOrganization, useOrganizations } from "./organizations.ts";
import { Shell } from "./shell.tsx";

/** The frame of pages that belong to no organization: the way back to the one that the person was in last stays. */
export function HomeShell({ children }: { children: ReactNode }) {
  const { data } = useOrganizations();
  const last = data === undefined ? undefined : lastOrganization(data);
  return <Shell {...(last === undefined ? {} : { organization: last })}>{children}</Shell>;
}
