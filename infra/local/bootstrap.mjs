/**
 * The way into every command (`npm start`, `npm test`, …): installs what package-lock.json says when
 * that is missing, then runs the command under the pinned Node. No dependency; runs on Node 20. All that
 * it says itself goes to standard error: standard output belongs to the command.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findNode, isInstalled, withLock } from "./installation.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const commands = {
  start: "infra/local/start.ts",
  test: "infra/local/test.ts",
  tour: "infra/local/tour.ts",
  headroom: "apps/cli/src/main.ts",
  bench: "packages/benchmarks/src/main.ts",
};

const say = (line) => process.stderr.write(`${line}\n`);

/** Who started a shell; null for another program, and where the system does not tell (no /proc). */
const starterOfShell = (pid) => {
  try {
    const [, name, starter] = readFileSync(`/proc/${pid}/stat`, "utf8").match(/\((.*)\) \S (\d+)/s);
    return /^(ba|da|a|k|z)?sh$/.test(name) ? starter : null;
  } catch {
    return null;
  }
};

/**
 * Under npm, a killed npm would leave the command running with nobody to stop it. The shell that npm runs
 * scripts in stands between the two where it does not give way to the program (dash).
 */
const stopWithNpm = (stop) => {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const npm = starterOfShell(parent);
  const isGone = () => process.ppid !== parent || starterOfShell(parent) !== npm;
  setInterval(() => isGone() && stop("SIGTERM"), 500).unref();
};

/** Runs a program to its end, passing signals on. Resolves with its exit code or signal. */
const run = (program, parameters, options) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, parameters, options);
    const pass = (signal) => child.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, pass);
    stopWithNpm(pass);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      for (const name of signals) process.off(name, pass);
      resolve({ code, signal });
    });
  });

const endLike = ({ code, signal }) => {
  if (signal !== null) process.kill(process.pid, signal);
  process.exit(code ?? 1);
};

const npmCi = async () => {
  say("installing what package-lock.json says (npm ci), about a minute the first time");
  const parameters = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const options = { cwd: root, stdio: ["ignore", 2, 2] };
  const npm = process.env.npm_execpath;
  const ended = npm
    ? await run(process.execPath, [npm, ...parameters], options)
    : await run("npm", parameters, { ...options, shell: process.platform === "win32" });
  if (ended.code !== 0) {
    say("npm ci failed: see above");
    endLike(ended);
  }
};

const install = async () => {
  if (isInstalled(root) && findNode(root) !== null) return;
  const lock = path.join(root, ".headroom", "install.lock");
  const work = async () => {
    if (!isInstalled(root) || findNode(root) === null) await npmCi();
  };
  await withLock(lock, work, (holder) => say(`process ${holder} installs here already: waiting (${lock})`));
};

const main = async () => {
  const [command, ...parameters] = process.argv.slice(2);
  const script = commands[command];
  if (script === undefined) {
    say(`usage: node infra/local/bootstrap.mjs ${Object.keys(commands).join("|")} [options]`);
    process.exit(2);
  }
  await install();
  const node = findNode(root);
  if (node === null) {
    say(`Node 24 or newer is needed on ${process.platform}-${process.arch}; this is ${process.version}`);
    process.exit(1);
  }
  // The channel tells the command when this process is gone, however that happens.
  const flags = ["--disable-warning=ExperimentalWarning"];
  const ended = await run(node, [...flags, path.join(root, script), ...parameters], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ""}` },
  });
  endLike(ended);
};

await main();
