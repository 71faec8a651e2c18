import { readCommand, usage } from "./command.ts";
import { streamLog } from "./log.ts";
import { startSandbox } from "./sandbox.ts";

const log = streamLog(process.stderr);
const command = readCommand(process.argv.slice(2), process.env);

if (command === "help") {
  process.stdout.write(usage);
  process.exit(0);
}
if ("refused" in command) {
  process.stderr.write(`${command.refused}\n\n${usage}`);
  process.exit(1);
}

const sandbox = await startSandbox({ ...command, log }).catch((error: unknown) => {
  log.error({ error: String(error) }, "the Stripe sandbox did not start");
  process.exit(1);
});
process.stdout.write(`${JSON.stringify({ url: sandbox.url, port: sandbox.port })}\n`);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => void sandbox.close().then(() => process.exit(0)));
}
