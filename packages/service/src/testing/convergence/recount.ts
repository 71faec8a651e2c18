/** Usage, ledger and invoice lines of many organizations, counted again from their events. */
import type { StripeBench } from "../stripe-bench.ts";
import type { Life } from "./life.ts";
import { unitTenths } from "./oracle.ts";

interface Counted {
  organization: string;
  meter: string;
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

/** What does not agree, by the organization's raw id. */
export async function recount(bench: StripeBench, lives: readonly Life[]): Promise<Map<string, string[]>> {
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
    if (one.money !== centsOf(units))
      tell(
        one.organization,
        `${where}: the ledger has ${one.money} cents, to be billed are ${centsOf(units)}`,
      );
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
  if (strange.length > 0) tell(lives[0]?.organizationId ?? "", `lines of no ledger row: ${strange}`);
  return wrong;
}

/** Units above what is included, without those above the cap; nothing of trials and free plans. */
function billedUnits({ events, above, hardCap, included, billable, sells }: Counted): number {
  if (!billable || !sells || included === null) return 0;
  const beyond = hardCap === null ? 0 : Math.min(above, Math.max(0, events - hardCap));
  return Math.max(0, events - beyond - included);
}

/** Units at the price of the plans, half a cent up. */
function centsOf(units: number): number {
  return Math.floor((units * unitTenths + 5) / 10);
}

async function countedPeriods({ rows }: StripeBench): Promise<Counted[]> {
  return (await rows(
    `select p.organization_id as organization, p.meter, p.period_start as start, p.total::int,
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

async function ledgerOf({ rows }: StripeBench): Promise<LedgerRow[]> {
  return (await rows(
    `select organization_id as organization, id, status, amount::int, quantity::int from headroom.overage`,
  )) as unknown as LedgerRow[];
}

/** Amounts of every invoice line that names a row of the ledger. */
async function linesOf({ stripe }: StripeBench): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for await (const { metadata, amount } of stripe.invoiceItems.list({ limit: 100 })) {
    const id = metadata?.headroom_overage;
    if (id !== undefined) found.set(id, [...(found.get(id) ?? []), amount]);
  }
  return found;
}
