import { readFileSync } from "node:fs";
import { readConfiguration } from "@headroom/platform/config";
import { expect, test } from "vitest";
import { z } from "zod";
import { mailTemplates, renderMail } from "./templates.ts";
import { mailVariables, openMail } from "./variables.ts";

const ids = "invite=a, alert=b, payment_failed=c,seat_limit=d,trial_ending=e";
const open = (environment: Record<string, string>) =>
  openMail(readConfiguration(z.object(mailVariables), environment));

test.each([
  ["nothing", {}, false],
  ["a mail server", { SMTP_URL: "smtp://mail" }, true],
  ["Loops", { LOOPS_API_KEY: "loops-key-1", LOOPS_TRANSACTIONAL_IDS: ids }, true],
])("%s is a way out for mail: %o", (_name, environment, sends) => {
  expect(open(environment) !== null).toBe(sends);
});

test.each([
  [
    "two ways at once",
    { SMTP_URL: "smtp://mail", LOOPS_API_KEY: "loops-key-1" },
    "SMTP_URL and LOOPS_API_KEY",
  ],
  ["Loops without ids", { LOOPS_API_KEY: "loops-key-1" }, "LOOPS_TRANSACTIONAL_IDS has no id for seat_limit"],
  [
    "an empty id",
    { LOOPS_API_KEY: "loops-key-1", LOOPS_TRANSACTIONAL_IDS: `${ids},alert=` },
    "no id for alert",
  ],
  [
    "a template we have not",
    { LOOPS_API_KEY: "loops-key-1", LOOPS_TRANSACTIONAL_IDS: `${ids},x=1` },
    "names x",
  ],
  ["a key that is none", { LOOPS_API_KEY: "two words" }, "LOOPS_API_KEY = [secret]"],
])("refuses %s", (_name, environment, fault) => {
  expect(() => open(environment)).toThrow(fault);
});

const docs = readFileSync(new URL("../../../../docs/mail.md", import.meta.url), "utf8");

test("takes the environments in the docs", () => {
  const examples = [...docs.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, code = ""]) =>
    Object.fromEntries([...code.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value])),
  );
  expect(examples).toHaveLength(2);
  for (const environment of examples) expect(open(environment)).not.toBeNull();
});

test("the docs list every template and every data variable", () => {
  const rows = [...docs.matchAll(/^\| `(\w+)` \|/gm)].map(([, template]) => template);
  expect(rows).toEqual(mailTemplates);
  const { variables } = renderMail(
    "payment_failed",
    { organizationName: "A", limitsUntil: null },
    "https://a.test",
  );
  expect(JSON.parse(/```json\n(.*)\n```/.exec(docs)?.[1] ?? "")).toEqual(Object.keys(variables));
});
