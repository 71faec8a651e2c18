import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A sandbox in a process of its own, as the stack runs it. */
export interface SandboxProcess {
  url: string;
  port: number;
  child: ChildProcess;
  /** Ends with the exit code or signal. */
  stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

const main = fileURLToPath(new URL("../main.ts", import.meta.url));

export async function spawnSandbox(environment: Record<string, string>): Promise<SandboxProcess> {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  const ready = await new Promise<{ url: string; port: number }>((resolve, reject) => {
    child.stdout?.once("data", (line: Buffer) => resolve(JSON.parse(line.toString())));
    child.once("exit", (code) => reject(new Error(`the sandbox ended with ${code}: ${errors}`)));
  });
  const stop = (signal: NodeJS.Signals) =>
    new Promise<number | NodeJS.Signals | null>((resolve) => {
      child.once("exit", (code, by) => resolve(code ?? by));
      child.kill(signal);
    });
  return { ...ready, child, stop };
}
