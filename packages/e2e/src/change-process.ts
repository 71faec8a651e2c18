import process from "node:process";
import { createDatabase } from "@headroom/db/client";
import { armFailpoint } from "@headroom/platform/failpoints";
import { createLogger } from "@headroom/platform/log";
import { authorize } from "@headroom/service/access";
import { loadConfiguration } from "@headroom/service/configuration";
import { changePlan } from "@headroom/service/plan-changes";
import { openStripe } from "@headroom/service/stripe/variables";

/** Changes an organization's plan as the api does when its owner asks, in a process that can be killed. */
const [
  connectionString = "",
  configurationFile = "",
  stripe = "",
  organizationId = "",
  userId = "",
  planId = "",
] = process.argv.slice(2);
armFailpoint(process.env.HEADROOM_FAILPOINT, "test");
const db = createDatabase({ connectionString, role: "hr_api", applicationName: "change process", max: 4 });
try {
  const configuration = await loadConfiguration(configurationFile);
  const variables = {
    HEADROOM_ENV: "test",
    STRIPE_SECRET_KEY: "sk_test_bench",
    STRIPE_API_BASE: stripe,
  } as const;
  const context = {
    db,
    configuration,
    stripe: openStripe(variables, configuration.billing),
    mail: null,
    log: createLogger({ service: "change process", level: "fatal" }),
    addresses: { inviteAccept: "https://app.example.com/join", console: "https://app.example.com" },
    environment: "test" as const,
  };
  const access = await authorize(context, { kind: "user", userId }, organizationId, "billing.manage");
  await changePlan(context, access, { planId });
} finally {
  await db.close();
}
