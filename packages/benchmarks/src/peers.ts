import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import process from "node:process";
import { isInstalled, withLock } from "@headroom/local/installation.mjs";

/** A project of its own, with its own lock file: nothing of it is installed unless a benchmark asks. */
const folder = path.resolve(import.meta.dirname, "..", "peers");

/**
 * Installs the programs that ours is measured beside, as `peers/package-lock.json` pins them, unless they are there.
 * The first time needs the network. Call it in `prepare`; what uses them lies in `peers/*.mjs`, where their packages
 * are found by name (as a side's module: `../peers/name.mjs`).
 * @throws Error when npm cannot install them
 */
export async function installPeers(): Promise<void> {
  const lock = path.join(folder, "../../..", ".headroom", "peers.lock");
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const work = async () => {
    if (isInstalled(folder)) return;
    say("installing what packages/benchmarks/peers/package-lock.json says (npm ci)");
    await npmCi();
  };
  if (!isInstalled(folder)) {
    await withLock(lock, work, (holder: string) => say(`process ${holder} installs them already: waiting`));
  }
}

async function npmCi(): Promise<void> {
  const parameters = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env.npm_execpath;
  const [program, ...first] = npm === undefined ? ["npm"] : [process.execPath, npm];
  const child = spawn(program as string, [...first, ...parameters], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
    shell: npm === undefined && process.platform === "win32",
  });
  const [code] = await once(child, "exit");
  if (code !== 0) {
    throw new Error("the peers were not installed: see above. The first time, npm must reach its registry");
  }
}
