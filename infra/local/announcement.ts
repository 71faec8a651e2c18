import type { ReadyStack } from "./addresses.ts";

type Colors = {
  green: (text: string) => string;
  dim: (text: string) => string;
  bold: (text: string) => string;
};

/** A step that is done, for people: `✓ PostgreSQL 18 on port 5432 (0.9 s)`. */
export const doneLine = (colors: Colors, what: string, milliseconds: number): string =>
  `  ${colors.green("✓")} ${what} ${colors.dim(`(${(milliseconds / 1000).toFixed(1)} s)`)}`;

/** A call for the demo's Acme, whose day is full: refused with 429. */
const tryLines = (stack: ReadyStack): string[] =>
  stack.demoKey === null
    ? []
    : [
        "",
        "  Try: Acme has used its pages of today, so one more is refused with 429",
        "",
        `  curl -i ${stack.api}/v1/usage/consume -H "Authorization: Bearer ${stack.demoKey}" \\`,
        `    -H "Content-Type: application/json" -d '{"meter": "pages", "quantity": 1}'`,
      ];

/** Where everything is, for people. */
export const addressLines = (colors: Colors, stack: ReadyStack): string[] => {
  const who = stack.demoKey === null ? "" : "sign in as ada@acme.test (owner of Acme, at its limit)";
  const rows: [string, string | null][] = [
    ["Console", `${colors.bold(stack.console)}   ${colors.dim(who)}`.trimEnd()],
    [
      "Sandbox",
      stack.stripe &&
        `${stack.console}/sandbox   ${colors.dim("move the clock, fail a payment, send events again")}`,
    ],
    ["Reference", `${stack.api}/docs   ${colors.dim("REST /v1 · tRPC /trpc · /openapi.json")}`],
    ["Guide", `${stack.api}/docs/guide`],
    ["Mail", stack.mail && `${stack.mail}   ${colors.dim("every mail that would have been sent")}`],
    ["Stripe", stack.stripe && `${stack.stripe}   ${colors.dim("sandbox, no account")}`],
    ["Issuer", stack.issuer && `${stack.issuer}   ${colors.dim('token: POST /dev/token {"email"}')}`],
    ["Webhooks", stack.webhook],
    ["Database", stack.databaseUrl.replace(/:[^:@/]+@/, ":…@")],
    ["Platform key", stack.platformKey && colors.bold(stack.platformKey)],
    ["Acme's key", stack.demoKey && colors.bold(stack.demoKey)],
  ];
  return [
    "",
    ...rows.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(13)} ${value}`])),
    ...tryLines(stack),
    "",
    `  ${colors.dim("Ctrl-C stops everything; the data stays.")}`,
    "",
  ];
};
