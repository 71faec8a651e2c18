import path from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "../program.ts";

/** The command as an operator named kim types it for a database, without a running stack; answers what it said. */
export const headroomOn =
  (databaseUrl: () => string, more: Record<string, string> = {}) =>
  async (...parameters: string[]): Promise<{ code: number; out: string; err: string }> => {
    const [out, err]: [string[], string[]] = [[], []];
    const terminal = {
      out: (text: string) => void out.push(text),
      err: (text: string) => void err.push(text),
      isWatched: false,
    };
    const environment = {
      HEADROOM_ENV: "development",
      HEADROOM_CONFIG: fileURLToPath(import.meta.resolve("./featured.config.ts")),
      HEADROOM_STACK: path.join(import.meta.dirname, "none.json"),
      DATABASE_URL: databaseUrl(),
      USER: "kim",
      ...more,
    };
    const code = await runProgram(parameters, environment, terminal);
    return { code, out: out.join(""), err: err.join("") };
  };
