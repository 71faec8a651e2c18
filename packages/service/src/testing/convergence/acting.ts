import { DomainError } from "@headroom/domain/errors";
import Stripe from "stripe";
import { isUnanswered, StripeFault } from "../../stripe/faults.ts";
import { acts, chooseAct } from "./acts.ts";
import { compareState } from "./comparison.ts";
import { type Dice, dice } from "./dice.ts";
import { type Life, meetCustomer } from "./life.ts";
import { liveOf, type Scene } from "./scene.ts";

/** The first begins a subscription. */
export const actsOfLife = 7;
const firstActs = ["checkout", "checkout", "checkout", "subscribeThere", "trialWithoutCard"];

/** The acts of a round, one after the other; each with dice of its own, so that without it the others stay as they are. */
export async function actOut(
  scene: Omit<Scene, "chance" | "price"> & { price: Scene["price"] },
  { round, last }: { round: number; last: number },
  without: ReadonlySet<number>,
): Promise<void> {
  const { life } = scene;
  const plan = dice(life.seed, "acts");
  for (let place = 0; place < actsOfLife; place += 1) {
    const first = place === 0;
    const [when, chosen] = [plan.between(0, first ? 2 : last), chooseAct(plan)];
    if (when !== round || without.has(place)) continue;
    const again = () => dice(life.seed, `act ${place}`);
    const chance = again();
    const name = first
      ? again().pick(firstActs)
      : (followUp(life, dice(life.seed, `follow ${place}`)) ?? chosen);
    await perform({ ...scene, chance }, name, `${round}/${place}`, again);
  }
}

/** What is begun goes on now and then: by chance alone hardly anybody would take back what they planned. */
function followUp(life: Life, chance: Dice): string | undefined {
  const running = liveOf(life);
  if (running === undefined) return undefined;
  if (life.faithful && chance.chance(0.6)) return "schedule";
  if (chance.chance(0.6)) return undefined;
  if (running.schedule !== null) return "schedule";
  if (running.status === "paused") return "pause";
  if (running.cancel_at !== null) return chance.pick(["resume", "resumeThere", "portal"]);
  return running.items.data.some(({ price }) => price.metadata.headroom_plan === "solo")
    ? "migrate"
    : undefined;
}

async function perform(
  scene: Scene,
  name: string,
  place: string,
  again: () => Dice,
  tries = 10,
): Promise<void> {
  const { life } = scene;
  const act = acts[name];
  const runs = liveOf(life) !== undefined;
  if (act === undefined || (act.when === "live" && !runs)) return;
  if ((act.when === "none" && runs) || (life.began && act.begins)) return;
  try {
    const answer = await act.run(scene);
    if (life.gone) await meetCustomer(scene.bench, life);
    const told = answer === undefined ? name : `${name} ${answer}`;
    life.story.push(`${place} ${told}`);
    life.done.push(...new Set([name, told]));
    if (act.asks && scene.chance.chance(0.5)) {
      const { differences } = await compareState(scene.bench, life);
      life.wrong.push(...differences.map((one) => `after ${place} ${name} ${one}`));
    }
  } catch (error) {
    // A machine that has no time for ten seconds: the same wish is made again, with the same dice.
    if (hadNoAnswer(error) && tries > 1) {
      return perform({ ...scene, chance: again() }, name, place, again, tries - 1);
    }
    if (!isRefusal(error)) {
      throw new Error(`seed ${life.seed}: ${[...life.story, `${place} ${name}`].join("; ")}`, {
        cause: error,
      });
    }
    life.story.push(`${place} ${name} (refused: ${error.message.slice(0, 90)})`);
    // Nothing was out of order but for what a deleted customer wants.
    if (error instanceof DomainError && error.code === "unavailable" && !life.gone) {
      life.wrong.push(`${place} ${name} was not answered: ${error.cause}`);
    }
  }
}

function hadNoAnswer(error: unknown): boolean {
  if (!(error instanceof DomainError) || error.code !== "unavailable") return false;
  return !(error.cause instanceof StripeFault) || isUnanswered(error.cause);
}

function isRefusal(error: unknown): error is Error {
  if (error instanceof DomainError) return error.code !== "internal";
  if (error instanceof Stripe.errors.StripeError) return (error.statusCode ?? 500) < 500;
  return error instanceof Error && /^(checkout|portal)\/\S+: 4\d\d /.test(error.message);
}
