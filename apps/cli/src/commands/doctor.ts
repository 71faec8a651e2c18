import { type Command, InvalidArgumentError } from "commander";
import { lookAtAll, type NamedFinding } from "../doctor/checks.ts";
import { setScene } from "../doctor/scene.ts";
import { readSurroundings } from "../environment.ts";
import type { Shell } from "../shell.ts";
import { paint, printResult, type Style, type Terminal, withProgress } from "../terminal.ts";

interface DoctorOptions {
  portApi: number;
  portWorker: number;
  portWebhook: number;
  json?: boolean;
}

/** `doctor`. */
export function addDoctor(program: Command, { environment, terminal, finish }: Shell): void {
  program
    .command("doctor")
    .description(
      "look at everything that Headroom needs, and tell what is wrong and the one thing to do about it; exit code 1 " +
        "when something is",
    )
    .option("--port-api <port>", "where the api is to listen, outside a development stack", parsePort, 4000)
    .option("--port-worker <port>", "where the worker's probes are to listen", parsePort, 4001)
    .option("--port-webhook <port>", "where the webhook app is to listen", parsePort, 4002)
    .option("--json", "print {ok, checks: [{name, state, found, advice}]}")
    .action(async ({ portApi, portWorker, portWebhook, json = false }: DoctorOptions) => {
      const { environment: variables, stack } = readSurroundings(environment);
      const ports = { api: portApi, worker: portWorker, webhook: portWebhook };
      const checks = await withProgress(terminal, "looking", () =>
        lookAtAll(setScene(variables, stack, ports)),
      );
      const ok = checks.every(({ state }) => state !== "fault");
      printResult(terminal, json, { ok, checks }, describe(terminal, checks));
      finish(ok ? 0 : 1);
    });
}

const marks: Record<NamedFinding["state"], [string, Style]> = {
  ok: ["✓", "green"],
  warning: ["!", "yellow"],
  fault: ["✗", "red"],
  skipped: ["-", "dim"],
};

function describe(terminal: Terminal, checks: readonly NamedFinding[]): string[] {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const margin = " ".repeat(width + 4);
  return checks.flatMap(({ name, state, found, advice }) => {
    const [mark, style] = marks[state];
    const line = `${paint(terminal, "out", style, mark)} ${name.padEnd(width)}  ${found}`;
    return advice === undefined ? [line] : [line, `${margin}→ ${advice}`];
  });
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535) {
    throw new InvalidArgumentError("1 to 65535.");
  }
  return Number(text);
}
