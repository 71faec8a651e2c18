import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { makeOrganization, subscribe } from "../people.ts";
import { openTerminal, steps, tells } from "../quick-start.ts";
import type { Stack } from "../stack.ts";

/** The page's commands, in its order, with the calls behind what the reader clicks between them. */
export function checkQuickStart(running: () => Stack): void {
  test("the quick start's commands tell what the page says", async () => {
    expect(steps.map(({ name }) => name)).toEqual([
      "refused today",
      "tomorrow",
      "free",
      "paid",
      "overage",
      "typescript",
      "rest",
      "verify",
    ]);
    const { ready, dataDirectory } = running();
    const { owner, organizationId } = await makeOrganization(ready, "rocket");
    const { secret } = await owner.apiKeys.create.mutate({
      organizationId,
      name: "quick start",
      scopes: ["usage:write", "usage:read"],
    });
    const terminal = openTerminal({
      HEADROOM_URL: ready.api,
      STRIPE_URL: ready.stripe ?? "",
      ACME_KEY: ready.demoKey ?? "",
      HEADROOM_API_KEY: secret ?? "",
      HEADROOM_STACK: path.join(dataDirectory, "stack.json"),
    });
    onTestFinished(terminal.close);
    const clicks: Record<string, () => Promise<unknown>> = {
      // Stripe's periods begin with a whole second: what was used before is to lie before it.
      paid: () => sleep(1_100).then(() => subscribe(ready, owner, organizationId, "pro")),
      overage: () => owner.organizations.setMaxOverages.mutate({ organizationId, meter: "jobs", units: 50 }),
    };
    for (const step of steps) {
      await clicks[step.name]?.();
      const told = await terminal.run(step);
      const missing = step.told.filter((line) => !tells(told, line));
      expect({ step: step.name, told, missing }).toEqual({ step: step.name, told, missing: [] });
    }
  });
}
