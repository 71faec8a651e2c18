import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/**
 * Builds what is published: `dist/` is a package of its own, packed with `npm pack packages/stripe-sandbox/dist`. In the
 * workspace `@headroom/stripe-sandbox` is its TypeScript source. Node strips no types below `node_modules`, so here they
 * are stripped before.
 */
const packageDirectory = path.resolve(import.meta.dirname, "..");
const target = path.resolve(process.argv[2] ?? path.join(packageDirectory, "dist"));
/** What others import; the rest is how it is built. */
const entries = ["sandbox", "testing/controls"];

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
compile();
nameJavaScript();
publishBin();
cpSync(path.join(packageDirectory, "README.md"), path.join(target, "README.md"));
cpSync(path.join(packageDirectory, "../../LICENSE"), path.join(target, "LICENSE"));
writeFileSync(path.join(target, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);

function compile(): void {
  const compiler = path.join(
    path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
    "bin/tsc",
  );
  const project = path.join(packageDirectory, "tsconfig.build.json");
  const places = ["-p", project, "--rootDir", path.join(packageDirectory, "src"), "--outDir", target];
  const settings = ["--noEmit", "false", "--declaration", "--rewriteRelativeImportExtensions", "--noCheck"];
  execFileSync(process.execPath, [compiler, ...places, ...settings], {
    stdio: ["ignore", "inherit", "inherit"],
  });
}

/** The compiler leaves the names of sources in declarations as they are. */
function nameJavaScript(): void {
  for (const file of globSync("**/*.d.ts", { cwd: target })) {
    const at = path.join(target, file);
    const declaration = readFileSync(at, "utf8").replaceAll(/(["']\.{1,2}\/[\w./-]+)\.ts(["'])/g, "$1.js$2");
    writeFileSync(at, declaration);
  }
}

function publishBin(): void {
  const bin = path.join(target, "stripe-sandbox.mjs");
  const source = readFileSync(path.join(packageDirectory, "bin/stripe-sandbox.mjs"), "utf8");
  writeFileSync(bin, source.replace("../src/main.ts", "./main.js"));
  chmodSync(bin, 0o755);
}

/** `stripe` is wanted for its types alone: whoever has types has it. */
function manifest(): Record<string, unknown> {
  const source = JSON.parse(readFileSync(path.join(packageDirectory, "package.json"), "utf8"));
  const {
    private: _,
    scripts: _scripts,
    devDependencies: _development,
    dependencies: { stripe },
    ...published
  } = source;
  return {
    ...published,
    bin: { "stripe-sandbox": "./stripe-sandbox.mjs" },
    exports: {
      ...Object.fromEntries(
        entries.map((name) => [`./${name}`, { types: `./${name}.d.ts`, default: `./${name}.js` }]),
      ),
      "./package.json": "./package.json",
    },
    files: ["**/*.js", "**/*.d.ts", "stripe-sandbox.mjs"],
    peerDependencies: { stripe: `>=${stripe}` },
    peerDependenciesMeta: { stripe: { optional: true } },
  };
}
