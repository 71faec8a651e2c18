import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export type Program = Awaited<ReturnType<typeof startProgram>>;

/** Starts a server that says where it listens; answers its port, and how to end it as its platform would. */
export async function startProgram(
  parameters: readonly string[],
  { cwd, env, ready }: { cwd: string; env: Record<string, string>; ready: RegExp },
) {
  const child = spawn(process.execPath, parameters, { cwd, env: { ...process.env, ...env } });
  const said = { text: "" };
  const port = await new Promise<number>((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      said.text += chunk;
      const found = ready.exec(said.text)?.[1];
      if (found !== undefined) resolve(Number(found));
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("exit", (code) => reject(new Error(`it ended with ${code}:\n${said.text}`)));
  });
  return { url: `http://127.0.0.1:${port}`, output: () => said.text, stop: () => stop(child) };
}

/** SIGTERM; answers the exit code. */
async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  return child.exitCode;
}
