import { forEachAtOnce } from "../../at-once.ts";
import type { StripeBench } from "../stripe-bench.ts";
import { compare, compareState } from "./comparison.ts";
import type { Life } from "./life.ts";
import { unitTenths } from "./oracle.ts";
import { recount } from "./recount.ts";

const atOnce = 8;

/** A seed whose organization does not stand where Stripe says. */
export interface Failure {
  seed: number;
  differences: string[];
  story: readonly string[];
}

/** Notes of each life where it does not stand where Stripe says, when all webhooks of a round are applied. */
export async function compareAt(bench: StripeBench, life: Life, round: number): Promise<void> {
  const { differences } = await compareState(bench, life);
  life.wrong.push(...differences.map((one) => `after the webhooks of round ${round} ${one}`));
}

/** The lives that do not stand where Stripe says, or whose ledger, invoices and recount differ. */
export async function findings(bench: StripeBench, lives: readonly Life[]): Promise<Failure[]> {
  const counted = await recount(bench, centsOf);
  const strange = counted.get("") ?? [];
  const drifts = await bench.rows(
    "select customer_id as id, drift from headroom.stripe_customer_sync where drift_count > 0",
  );
  const driftOf = new Map(drifts.map(({ id, drift }) => [id, JSON.stringify(drift)]));
  const failures: Failure[] = [];
  await forEachAtOnce(lives, atOnce, async (life) => {
    const differences = [
      ...life.wrong,
      ...(await compare(bench, life)),
      ...(counted.get(life.organizationId) ?? []),
    ];
    const drift = driftOf.get(life.customerId);
    if (life.weather.lost === 0 && drift) differences.push(`all events came, and the sweep found ${drift}`);
    if (life === lives[0]) differences.push(...strange);
    if (differences.length > 0) failures.push({ seed: life.seed, differences, story: life.story });
  });
  return failures;
}

/** Units at the price that all plans have, half a cent up. */
function centsOf(units: number): number {
  return Math.floor((units * unitTenths + 5) / 10);
}
