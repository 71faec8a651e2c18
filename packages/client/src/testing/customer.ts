import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const packageDirectory = path.resolve(import.meta.dirname, "../..");
const workspaceModules = path.resolve(packageDirectory, "../../node_modules");
const run = promisify(execFile);

/** What a customer has besides the client. tRPC is copied, so that it finds the same copies of its siblings as the client. */
const copied = ["@trpc/client", "@trpc/server", "@trpc/tanstack-react-query"];
const linked = ["@tanstack/react-query", "react", "react-dom", "vite", "@vitejs/plugin-react", "express"];
const types = ["node", "react", "react-dom", "express"].map((name) => `@types/${name}`);

export type Customer = Awaited<ReturnType<typeof createCustomer>>;

/**
 * A folder outside the workspace with the client installed from its tarball, as a customer has it, and the examples
 * beside. Nothing is fetched: what the client needs is what the workspace has.
 */
export async function createCustomer() {
  const { directory, tarball, remove } = await packClient();
  const quiet = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"];
  await run("npm", ["install", ...quiet, tarball], { cwd: directory });
  const modules = path.join(directory, "node_modules");
  for (const name of [...copied, ...linked, ...types]) {
    const from = path.join(workspaceModules, name);
    const to = path.join(modules, name);
    mkdirSync(path.dirname(to), { recursive: true });
    if (copied.includes(name)) cpSync(from, to, { recursive: true });
    else symlinkSync(from, to);
  }
  return {
    directory,
    installed: path.join(modules, "@headroom/client"),
    /** What npm would publish, by path. */
    published: () => publishedFiles(tarball),
    /** Runs Node in the folder, or below it; answers its standard output. */
    node: async (parameters: readonly string[], env: Record<string, string> = {}, below = ".") => {
      const cwd = path.join(directory, below);
      return (await run(process.execPath, parameters, { cwd, env: { ...process.env, ...env } })).stdout;
    },
    remove,
  };
}

/** Builds and packs the client into a new folder, beside an empty package and the examples. */
export async function packClient() {
  const directory = mkdtempSync(path.join(tmpdir(), "client-customer-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const built = path.join(directory, "built");
  try {
    await run(process.execPath, [path.join(packageDirectory, "build/main.ts"), built]);
    const { stdout } = await run("npm", ["pack", "--silent", "--ignore-scripts", built], { cwd: directory });
    const manifest = { name: "customer", private: true, type: "module" };
    writeFileSync(path.join(directory, "package.json"), JSON.stringify(manifest));
    cpSync(path.join(packageDirectory, "examples"), path.join(directory, "examples"), { recursive: true });
    return { directory, tarball: path.join(directory, stdout.trim()), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function publishedFiles(tarball: string): string[] {
  const list = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n");
  return list.map((name) => name.replace(/^package\//, "")).sort();
}
