import type { Outputs } from "../organization.tsx";

export type Answer = Outputs["billing"]["invoices"];
export type Invoice = Answer["invoices"][number];
export type Upcoming = NonNullable<Answer["upcoming"]>;
/** What `usage.explain` is asked about: a line of the ledger, or the running period of a meter. */
export type Explained = { meter: string } & ({ overageId: string } | { periodStart: string });
