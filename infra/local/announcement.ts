import type { ReadyStack } from "./addresses.ts";

type Colors = {
  green: (text: string) => string;
  dim: (text: string) => string;
  bold: (text: string) => string;
};

/** A step that is done, for people: `✓ PostgreSQL 18 on port 5432 (0.9 s)`. */
export const doneLine = (colors: Colors, what: string, milliseconds: number): string =>
  `  ${colors.green("✓")} ${what} ${colors.dim(`(${(milliseconds / 1000).toFixed(1)} s)`)}`;

/** Where everything is, for people. */
export const addressLines = (colors: Colors, stack: ReadyStack): string[] => {
  const rows: [string, string | null][] = [
    ["API", `${stack.api}   ${colors.dim("tRPC /trpc · REST /v1 · /openapi.json")}`],
    ["Stripe", stack.stripe && `${stack.stripe}   ${colors.dim("sandbox")}`],
    ["Webhooks", stack.webhook],
    ["Issuer", stack.issuer && `${stack.issuer}   ${colors.dim('token: POST /dev/token {"email"}')}`],
    ["Mail", stack.mail],
    ["Database", stack.databaseUrl.replace(/:[^:@/]+@/, ":…@")],
    ["Platform key", stack.platformKey && colors.bold(stack.platformKey)],
  ];
  return [
    "",
    ...rows.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(13)} ${value}`])),
    "",
    `  ${colors.dim("Ctrl-C stops everything; the data stays.")}`,
    "",
  ];
};
