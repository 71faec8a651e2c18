/** Usage, ledger and invoice lines of many organizations, counted again from their events. */
import type { StripeBench } from "../stripe-bench.ts";

/** Where rows and lines are read: a superuser's statements and Stripe. */
export type Evidence = Pick<StripeBench, "rows" | "stripe">;

interface Counted {
  organization: string;
  meter: string;
  plan: string;
  start: Date;
  total: number;
  events: number;
  above: number;
  hardCap: number | null;
  included: number | null;
  billable: boolean;
  /** Whether the plan in force at its end sells units above. */
  sells: boolean;
  ledger: number;
  /** Of the ledger, in cents. */
  money: number;
}

interface LedgerRow {
  organization: string;
  id: string;
  status: string;
  amount: number;
  quantity: number;
}

/**
 * What does not agree, by the organization's raw id; lines of no organization's ledger by the empty one.
 * @param centsOf the price of some units above under a plan.
 */
export async function recount(
  bench: Evidence,
  centsOf: (units: number, plan: string) => number,
): Promise<Map<string, string[]>> {
  const wrong = new Map<string, string[]>();
  const tell = (organization: string, text: string) =>
    wrong.set(organization, [...(wrong.get(organization) ?? []), text]);
  for (const one of await countedPeriods(bench)) {
    const where = `${one.meter} from ${one.start.toISOString()}`;
    if (one.total !== one.events)
      tell(one.organization, `${where}: closed with ${one.total}, its events are ${one.events}`);
    const units = billedUnits(one);
    if (one.ledger !== units)
      tell(one.organization, `${where}: the ledger has ${one.ledger}, to be billed are ${units}`);
    const cents = units === 0 ? 0 : centsOf(units, one.plan);
    if (one.money !== cents)
      tell(one.organization, `${where}: the ledger has ${one.money} cents, to be billed are ${cents}`);
  }
  const lines = await linesOf(bench);
  const ledger = await ledgerOf(bench);
  for (const { organization, id, status, amount } of ledger) {
    const found = lines.get(id) ?? [];
    const wanted = status === "sent" && amount !== 0 ? [amount] : [];
    if (status !== "pending" && status !== "written_off" && JSON.stringify(found) !== JSON.stringify(wanted))
      tell(organization, `ledger ${id} (${status}): lines of ${found}, wanted ${wanted}`);
    if (found.length > 1) tell(organization, `ledger ${id} is billed ${found.length} times`);
  }
  const known = new Set(ledger.map(({ id }) => id));
  const strange = [...lines.keys()].filter((id) => !known.has(id));
  if (strange.length > 0) tell("", `lines of no ledger row: ${strange}`);
  return wrong;
}

/** Units above what is included, without those above the cap; nothing of trials and free plans. */
function billedUnits({ events, above, hardCap, included, billable, sells }: Counted): number {
  if (!billable || !sells || included === null) return 0;
  const beyond = hardCap === null ? 0 : Math.min(above, Math.max(0, events - hardCap));
  return Math.max(0, events - beyond - included);
}

async function countedPeriods({ rows }: Evidence): Promise<Counted[]> {
  return (await rows(
    `select p.organization_id as organization, p.meter, p.plan_id as plan, p.period_start as start, p.total::int,
      p.included::int, p.hard_cap::int as "hardCap", p.billable, p.unit_price is not null as sells,
      coalesce(sum(e.quantity), 0)::int as events, coalesce(sum(e.over_cap), 0)::int as above,
      (select coalesce(sum(o.quantity), 0)::int from headroom.overage o
        where (o.organization_id, o.meter, o.period_start) = (p.organization_id, p.meter, p.period_start)) as ledger,
      (select coalesce(sum(o.amount), 0)::int from headroom.overage o
        where (o.organization_id, o.meter, o.period_start) = (p.organization_id, p.meter, p.period_start)) as money
    from headroom.usage_period p
    left join headroom.usage_event e on e.organization_id = p.organization_id and e.meter = p.meter
      and e.occurred_at >= p.period_start and e.occurred_at < p.period_end
    where p.closed_at is not null
    group by p.organization_id, p.meter, p.period_start`,
  )) as unknown as Counted[];
}

async function ledgerOf({ rows }: Evidence): Promise<LedgerRow[]> {
  return (await rows(
    `select organization_id as organization, id, status, amount::int, quantity::int from headroom.overage`,
  )) as unknown as LedgerRow[];
}

/** Amounts of every invoice line that names a row of the ledger. */
async function linesOf({ stripe }: Evidence): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for await (const { metadata, amount } of stripe.invoiceItems.list({ limit: 100 })) {
    const id = metadata?.headroom_overage;
    if (id !== undefined) found.set(id, [...(found.get(id) ?? []), amount]);
  }
  return found;
}
