import { commaSeparated, readConfiguration, secret } from "@headroom/platform/config";
import { findStaleBilling } from "@headroom/service/billing-mode";
import {
  type RegisteredDestination,
  type RegisteredEndpoint,
  stripeApiVersion,
} from "@headroom/service/stripe/inspection";
import { openStripe, stripeVariables } from "@headroom/service/stripe/variables";
import { readUnbilledPeriods, type UnbilledPeriods } from "@headroom/service/unbilled-periods";
import { z } from "zod";
import { describeStaleBilling, staleBillingAdvice } from "../stale-billing.ts";
import { describeUnbilled } from "../unbilled.ts";
import { faultsIn } from "./configuration.ts";
import { count, type Finding, fault, messageOf, ok, skipped, warning } from "./findings.ts";
import type { Scene } from "./scene.ts";

/** Whether there is a key, of the environment's mode, that Stripe takes. */
export async function lookAtKey(scene: Scene): Promise<Finding> {
  let key: string | undefined;
  try {
    const variables = readConfiguration(z.object(stripeVariables), scene.environment);
    key = variables.STRIPE_SECRET_KEY;
    openStripe({ ...variables, HEADROOM_ENV: scene.name }, { live: true });
  } catch (error) {
    return fault(faultsIn(error), "correct the variable; test keys (sk_test_…) are for development");
  }
  if (key === undefined) {
    return warning("STRIPE_SECRET_KEY is not set: billing answers 503", "set it to sell plans");
  }
  const mode = /_live_/.test(key) ? "live" : "test";
  const place = scene.environment.STRIPE_API_BASE ?? "Stripe";
  try {
    await scene.stripe();
  } catch (error) {
    const { kind } = error as { kind?: string };
    return kind === "credentials"
      ? fault(
          `${place} refuses the ${mode} key`,
          "put a key of the account into STRIPE_SECRET_KEY; a restricted one must read webhook endpoints",
        )
      : fault(`${place}: ${messageOf(error)}`, "look whether this machine reaches it");
  }
  return scene.name === "production" && mode === "test"
    ? warning("a test key in production: no money moves", "put a live key into STRIPE_SECRET_KEY")
    : ok(`a ${mode} key that ${place} takes`);
}

/** Whether anything is changed at Stripe. */
export async function lookAtBilling(scene: Scene): Promise<Finding> {
  const configuration = await scene.configuration().catch(() => null);
  if (configuration === null) return skipped("the configuration");
  const { live, liveFrom } = configuration.billing;
  const differing = await scene
    .withDatabase("hr_worker", async (db) => {
      const stale = await findStaleBilling({ db, configuration });
      if (stale !== null) return warning(describeStaleBilling(stale), staleBillingAdvice);
      return live
        ? judgeUnbilled(await readUnbilledPeriods({ db, configuration }, 3))
        : ok("as the worker has it");
    })
    .catch(() => null);
  if (differing?.state === "warning") return differing;
  if (!live) {
    return warning(
      "not live: Stripe is read, and nothing is changed there",
      "compare with `headroom stripe compare`, then set billing.live: docs/import.md",
    );
  }
  return ok(liveFrom === null ? "live" : `live, for periods that begin at ${liveFrom} or later`);
}

function judgeUnbilled({ periods }: UnbilledPeriods): Finding {
  const open = periods.filter(({ state }) => state === "open");
  return open.length === 0
    ? ok("live")
    : warning(
        `live, and nobody bills the overage of ${open.map((one) => describeUnbilled(one).join(" ")).join(", ")}`,
        "headroom stripe status names all; if nobody else bills it, name billing.liveFrom: docs/runbooks.md#periods-unbilled",
      );
}

const secretsShape = z.object({
  STRIPE_WEBHOOK_SECRETS: secret(
    commaSeparated.pipe(
      z.array(z.string().startsWith("whsec_", "has one that is no signing secret (whsec_…)")).min(1),
    ),
  ).optional(),
});

/** Whether there are signing secrets that look like ones, and an endpoint at Stripe that sends what we need. */
export async function lookAtWebhook(scene: Scene): Promise<Finding> {
  let secrets: string[] | undefined;
  try {
    secrets = readConfiguration(secretsShape, scene.environment).STRIPE_WEBHOOK_SECRETS;
  } catch (error) {
    return fault(faultsIn(error), "copy the endpoint's signing secret from Stripe: it begins with whsec_");
  }
  const found = await scene.stripe().catch(() => null);
  if (found === null) return skipped("the Stripe key");
  const enabled = found.endpoints.filter((endpoint) => endpoint.enabled);
  const best = enabled.toSorted((a, b) => a.missingEvents.length - b.missingEvents.length)[0];
  if (best === undefined) {
    return fault(
      found.endpoints.length === 0 ? "no endpoint is registered" : "every registered endpoint is disabled",
      "register the webhook app's address with /stripe at Stripe: docs/stripe.md",
    );
  }
  if (secrets === undefined) {
    return fault(
      "STRIPE_WEBHOOK_SECRETS is not set: the webhook app does not start",
      `set it to the signing secret of ${best.url}`,
    );
  }
  return judge(best);
}

function judge({ url, apiVersion, missingEvents }: RegisteredEndpoint): Finding {
  if (missingEvents.length > 0) {
    return fault(
      `${url} lacks ${count(missingEvents.length, "event type")}: ${missingEvents.join(", ")}`,
      "subscribe it to the events in docs/stripe.md",
    );
  }
  return apiVersion === stripeApiVersion
    ? ok(`${url}, ${apiVersion}`)
    : warning(
        `${url} sends ${apiVersion ?? "the account's default version"}, this release reads ${stripeApiVersion}`,
        `register it anew with the version ${stripeApiVersion}`,
      );
}

/** Where the webhook app takes events, thin ones too. */
const receivesAt = "/stripe";

/** Whether, where overage goes by billing meters, Stripe tells us of usage that it does not count. */
export async function lookAtDestination(scene: Scene): Promise<Finding> {
  const configuration = await scene.configuration().catch(() => null);
  if (configuration === null) return skipped("the configuration");
  if (configuration.policies.overage.sink !== "meter") {
    return ok("none is needed: overage goes by invoice items");
  }
  const registered = await scene.stripe().catch(() => null);
  if (registered === null) return skipped("the Stripe key");
  const destinations = await scene.destinations();
  const enabled = (destinations ?? []).filter((one) => one.enabled && one.url !== null);
  const best = enabled.toSorted((a, b) => a.missingEvents.length - b.missingEvents.length)[0];
  if (best === undefined) {
    return fault(
      destinations?.length
        ? "every destination of thin events is disabled"
        : "no destination of thin events is there",
      "make one at Stripe, payload style thin, to the webhook app's address: docs/stripe.md",
    );
  }
  return judgeDestination(
    best,
    registered.endpoints.map(({ url }) => url),
  );
}

function judgeDestination(
  { name, url, missingEvents }: RegisteredDestination,
  endpoints: readonly string[],
): Finding {
  const shown = `${name}, ${url}`;
  if (missingEvents.length > 0) {
    return fault(
      `${shown} lacks ${count(missingEvents.length, "event type")}: ${missingEvents.join(", ")}`,
      "subscribe it to them",
    );
  }
  if (url === null || !URL.canParse(url) || new URL(url).pathname !== receivesAt) {
    return fault(`${shown}: the webhook app takes events at ${receivesAt} alone`, "correct its address");
  }
  return endpoints.includes(url)
    ? ok(shown)
    : warning(
        `${shown}: no webhook endpoint has this address`,
        "look whether the webhook app is reached by it",
      );
}
