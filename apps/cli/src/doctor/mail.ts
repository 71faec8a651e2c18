import { readConfiguration } from "@headroom/platform/config";
import { verifyLoops, verifySmtp } from "@headroom/service/mail/inspection";
import { mailVariables, openMail } from "@headroom/service/mail/variables";
import { z } from "zod";
import { faultsIn } from "./configuration.ts";
import { type Finding, fault, messageOf, ok, warning } from "./findings.ts";
import type { Scene } from "./scene.ts";

/** Whether the way out for mail answers and lets us in. */
export async function lookAtMail({ environment, stack }: Scene): Promise<Finding> {
  const variables = z.object(mailVariables);
  let found: z.output<typeof variables>;
  try {
    found = readConfiguration(variables, environment);
    openMail(found);
  } catch (error) {
    return fault(faultsIn(error), "correct the variables: docs/mail.md");
  }
  const { SMTP_URL: url, LOOPS_API_KEY: apiKey } = found;
  if (url !== undefined) {
    const place = new URL(url).host;
    return tried(`SMTP at ${place}`, () => verifySmtp(url), "start the mail server, or correct SMTP_URL");
  }
  if (apiKey !== undefined) {
    const verify = () => verifyLoops(apiKey);
    return tried("Loops", verify, "correct LOOPS_API_KEY");
  }
  return typeof stack?.mail === "string"
    ? tried(`captured at ${stack.mail}`, () => answers(`${stack.mail}/readyz`), "start the stack: npm start")
    : warning("none: neither SMTP_URL nor LOOPS_API_KEY is set, mail is skipped", "set one: docs/mail.md");
}

async function tried(what: string, work: () => Promise<void>, advice: string): Promise<Finding> {
  try {
    await work();
    return ok(what);
  } catch (error) {
    return fault(`${what}: ${messageOf(error)}`, advice);
  }
}

async function answers(address: string): Promise<void> {
  const response = await fetch(address, { signal: AbortSignal.timeout(4_000) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`answered ${response.status}`);
}
