import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { detachRouter } from "./declarations.ts";

/**
 * Builds what is published: `dist/` is a package of its own, packed with `npm pack packages/client/dist`. In the
 * workspace `@headroom/client` is its TypeScript source, so nothing has to be built to use it there.
 */
const packageDirectory = path.resolve(import.meta.dirname, "..");
/** Declarations that the build takes from where they are made. */
const borrowed = ["router.ts", "error-details.ts"];
const root = path.resolve(packageDirectory, "../..");
const target = path.resolve(process.argv[2] ?? path.join(packageDirectory, "dist"));
const modules = readdirSync(path.join(packageDirectory, "src"))
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !borrowed.includes(name))
  .map((name) => name.slice(0, -".ts".length));

const emitted = mkdtempSync(path.join(tmpdir(), "headroom-client-"));
try {
  compile(path.join(packageDirectory, "tsconfig.build.json"), path.join(emitted, "client"));
  compile(path.join(root, "apps/api/tsconfig.json"), path.join(emitted, "api"), "--emitDeclarationOnly");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const name of modules) copyModule(path.join(emitted, "client"), name);
  const router = readFileSync(path.join(emitted, "api/router.d.ts"), "utf8");
  writeFileSync(path.join(target, "router.d.ts"), detachRouter(router));
  // It has nothing but types, and imports nothing.
  cpSync(path.join(root, "packages/domain/src/error-details.ts"), path.join(target, "error-details.d.ts"));
  for (const name of borrowed) writeFileSync(path.join(target, name.replace(/ts$/, "js")), "export {};\n");
  writeFileSync(path.join(target, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
  cpSync(path.join(packageDirectory, "README.md"), path.join(target, "README.md"));
  cpSync(path.join(root, "LICENSE"), path.join(target, "LICENSE"));
} finally {
  rmSync(emitted, { recursive: true });
}

/** Emits the sources of one package, `src/x.ts` as `x.js` and `x.d.ts`. That they are right is checked elsewhere. */
function compile(project: string, outDirectory: string, ...more: string[]): void {
  const compiler = path.join(
    path.dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
    "bin/tsc",
  );
  const rootDirectory = path.join(path.dirname(project), "src");
  const places = ["-p", project, "--rootDir", rootDirectory, "--outDir", outDirectory];
  const settings = [
    "--noEmit",
    "false",
    "--declaration",
    "--rewriteRelativeImportExtensions",
    "--noCheck",
    ...more,
  ];
  execFileSync(process.execPath, [compiler, ...places, ...settings], {
    stdio: ["ignore", "inherit", "inherit"],
  });
}

function copyModule(from: string, name: string): void {
  cpSync(path.join(from, `${name}.js`), path.join(target, `${name}.js`));
  const declaration = readFileSync(path.join(from, `${name}.d.ts`), "utf8");
  writeFileSync(
    path.join(target, `${name}.d.ts`),
    declaration.replaceAll(/(["']\.\/[a-z-]+)\.ts(["'])/g, "$1.js$2"),
  );
}

function manifest(): Record<string, unknown> {
  const source = JSON.parse(readFileSync(path.join(packageDirectory, "package.json"), "utf8"));
  const {
    private: _,
    scripts: _scripts,
    devDependencies: _development,
    exports: entries,
    ...published
  } = source;
  return {
    ...published,
    sideEffects: false,
    exports: {
      ...Object.fromEntries(Object.entries<string>(entries).map(publishedEntry)),
      "./package.json": "./package.json",
    },
    files: ["*.js", "*.d.ts"],
  };
}

/** `["./x", "./src/x.ts"]` of the workspace as it stands in what is published. */
function publishedEntry([entry, source]: [string, string]) {
  const name = path.basename(source, ".ts");
  return [entry, { types: `./${name}.d.ts`, default: `./${name}.js` }];
}
