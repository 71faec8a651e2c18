import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { build } from "vite";
import { packed } from "./packed.mjs";

const root = path.resolve(import.meta.dirname, "..", "..", "..");

/** What is installed of these packages. */
const fingerprint = (): string => {
  const hash = createHash("sha256");
  for (const specifier of Object.values(packed)) {
    const [name = ""] = specifier.split("/");
    const manifest = readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8");
    hash.update(specifier).update(JSON.parse(manifest).version);
  }
  return hash.digest("hex").slice(0, 16);
};

const pack = async (place: string): Promise<void> => {
  const unfinished = `${place}.${process.pid}`;
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: unfinished,
      minify: false,
      target: "esnext",
      rolldownOptions: { input: packed, output: { entryFileNames: "[name].mjs", format: "es" } },
    },
  });
  // Whoever was as fast has made the same.
  if (existsSync(place)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, place);
};

/**
 * Vitest calls this once per run: makes one file of each package that has hundreds, and has the processes that tests
 * start take those.
 * @public
 */
export const setup = async (): Promise<void> => {
  const versions = fingerprint();
  const place = path.join(root, "node_modules", ".cache", "packed", versions);
  if (!existsSync(place)) await pack(place);
  const hook = new URL(`packed.mjs?of=${versions}`, import.meta.url);
  process.env.NODE_OPTIONS = [process.env.NODE_OPTIONS, `--import=${hook.href}`].filter(Boolean).join(" ");
};
