import { readClocks } from "@headroom/db/inspection";
import { duration, type Finding, fault, ok, skipped, warning } from "./findings.ts";
import type { Scene } from "./scene.ts";

/** Stripe's signatures are refused beyond five minutes. */
const mostSeconds = 300;
const fewSeconds = 5;

/** Whether the development clock stands still where it must, and the server's clock is this machine's. */
export async function lookAtClock(scene: Scene): Promise<Finding> {
  return scene.withDatabase("hr_api", async (database) => {
    const before = Date.now();
    const { server, offsetMs } = await readClocks(database);
    const skew = (server.getTime() - (before + Date.now()) / 2) / 1_000;
    if (offsetMs !== 0 && scene.name === "production") {
      return fault(
        `the development clock is moved by ${duration(offsetMs / 1_000)}`,
        "as an administrator: update headroom.dev_clock set clock_offset = '0'",
      );
    }
    const moved = offsetMs === 0 ? "real time" : `moved by ${duration(offsetMs / 1_000)} for development`;
    return judge(skew, `${moved}; the database is ${apart(skew)} this machine`);
  });
}

/** Whether Stripe's clock is this machine's: a signature of another time is refused. */
export async function lookAtStripeClock(scene: Scene): Promise<Finding> {
  const at = await scene.stripe().then(
    (found) => found?.at ?? null,
    () => null,
  );
  if (at === null) return skipped("Stripe");
  // The header has whole seconds.
  const skew = (at.getTime() + 500 - Date.now()) / 1_000;
  return judge(Math.abs(skew) < 1.5 ? 0 : skew, `Stripe is ${apart(skew)} this machine`);
}

function judge(skew: number, found: string): Finding {
  const advice = "let NTP set the clock of this machine";
  if (Math.abs(skew) >= mostSeconds) return fault(found, advice);
  return Math.abs(skew) >= fewSeconds ? warning(found, advice) : ok(found);
}

function apart(skew: number): string {
  if (Math.abs(skew) < 2) return "at the time of";
  return `${duration(Math.abs(skew))} ${skew > 0 ? "ahead of" : "behind"}`;
}
