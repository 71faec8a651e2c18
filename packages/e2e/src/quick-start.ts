import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";

const root = path.resolve(import.meta.dirname, "..", "..", "..");
const page = readFileSync(path.join(root, "docs/quick-start.md"), "utf8");

type Step = { name: string; script: string; told: readonly string[] };

/** The blocks that are run, in the order of the page, each with what it is said to tell. */
export const steps: readonly Step[] = [
  ...page.matchAll(/<!-- run: ([^>]+) -->\n```sh\n(.*?)^```\n\n```\n(.*?)^```/gms),
].map(([, name = "", script = "", told = ""]) => ({
  name,
  script,
  told: told.trim().split("\n"),
}));

/** Whether the line stands in what was told; `…` in it is for anything within a line. */
export function tells(told: string, line: string): boolean {
  const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(line.split("…").map(literal).join(".+")).test(told);
}

/** A terminal that somebody follows the page in: what a step defines is there for the next. */
export function openTerminal(environment: Readonly<Record<string, string>>) {
  // Beside the tests, so that the page's program finds the client as any dependent does.
  const folder = mkdtempSync(path.join(import.meta.dirname, "readme-"));
  for (const [, name = "", text = ""] of page.matchAll(/<!-- file: (\S+) -->\n```ts\n(.*?)^```/gms))
    writeFileSync(path.join(folder, name), text);
  let defined = "";
  return {
    /** What the step printed, on both outputs. @throws Error when one of its commands fails */
    async run({ script }: Step): Promise<string> {
      const headroom = `"${process.execPath}" --disable-warning=ExperimentalWarning "${root}/apps/cli/src/main.ts"`;
      const here = script
        .replaceAll("npm run headroom --", headroom)
        .replaceAll("npx node", `"${process.execPath}"`);
      const options = { cwd: folder, env: { ...process.env, ...environment } };
      const { stdout, stderr } = await promisify(execFile)("bash", ["-ec", `${defined}\n${here}`], options);
      defined += [...script.matchAll(/^\w+\(\) \{\n.*?^\}$/gms)].map(([text]) => `${text}\n`).join("");
      return stdout + stderr;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
