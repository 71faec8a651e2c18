import { streamLog } from "./log.ts";
import { startSandbox } from "./sandbox.ts";

const log = streamLog(process.stderr);
const env = process.env;

const file = env.STRIPE_SANDBOX_FILE;
if (!file) {
  log.error({}, "STRIPE_SANDBOX_FILE must name the file that keeps the sandbox's state");
  process.exit(1);
}

const start = env.STRIPE_SANDBOX_START;
if (start && Number.isNaN(Date.parse(start))) {
  log.error({}, "STRIPE_SANDBOX_START must be a time in ISO 8601");
  process.exit(1);
}

const sandbox = await startSandbox({
  file,
  port: Number(env.PORT ?? 0),
  host: env.HOST,
  webhookUrl: env.WEBHOOK_URL,
  webhookSecret: env.WEBHOOK_SECRET,
  clockHookUrl: env.CLOCK_HOOK_URL,
  settledHookUrl: env.SETTLED_HOOK_URL,
  startsAt: start ? new Date(start) : undefined,
  log,
}).catch((error: unknown) => {
  log.error({ error: String(error) }, "the Stripe sandbox did not start");
  process.exit(1);
});
process.stdout.write(`${JSON.stringify({ url: sandbox.url, port: sandbox.port })}\n`);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => void sandbox.close().then(() => process.exit(0)));
}
