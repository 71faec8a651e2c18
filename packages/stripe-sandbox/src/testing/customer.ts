import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const packageDirectory = path.resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

/** A folder outside the workspace with the sandbox's tarball: what another project has. Nothing is fetched. */
export async function createCustomer() {
  const directory = mkdtempSync(path.join(tmpdir(), "sandbox-customer-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const npm = (parameters: readonly string[], cwd = directory) =>
    run("npm", parameters, { cwd, env: { ...process.env, npm_config_cache: path.join(directory, "cache") } });
  try {
    const built = path.join(directory, "built");
    await run(process.execPath, [path.join(packageDirectory, "build/main.ts"), built]);
    const { stdout } = await npm(["pack", "--silent", built]);
    rmSync(built, { recursive: true });
    const tarball = path.join(directory, stdout.trim());
    writeFileSync(path.join(directory, "package.json"), JSON.stringify({ name: "customer", private: true }));
    await npm(["install", "--offline", "--no-audit", "--no-fund", tarball]);
    const modules = path.join(directory, "node_modules");
    mkdirSync(modules, { recursive: true });
    symlinkSync(path.resolve(packageDirectory, "../../node_modules/stripe"), path.join(modules, "stripe"));
    cpSync(path.join(packageDirectory, "examples"), directory, { recursive: true });
    return { directory, tarball, npm, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
