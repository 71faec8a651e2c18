import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { failpoints } from "@headroom/platform/failpoints";
import { describe, expect, test } from "vitest";

const root = path.join(import.meta.dirname, "../../..");

const server = ["packages/service", "packages/db", "packages/domain", "packages/platform"];

/** Who may import whom, see `docs/architecture.md`; `types` by `import type` only, `tests` from tests only. */
const layers: Record<string, { imports: string[]; types?: string[]; tests?: string[] }> = {
  "packages/domain": { imports: [] },
  "packages/platform": { imports: [] },
  "packages/db": { imports: ["packages/domain"], tests: ["packages/platform"] },
  "packages/service": {
    imports: ["packages/domain", "packages/db", "packages/platform"],
    tests: ["packages/stripe-sandbox"],
  },
  "apps/api": { imports: server },
  "apps/worker": { imports: server },
  "apps/stripe-webhook": { imports: server, tests: ["packages/stripe-sandbox"] },
  "apps/cli": { imports: [...server, "packages/client"] },
  "packages/client": {
    imports: [],
    types: ["apps/api", "packages/domain"],
    tests: ["apps/api", "packages/domain"],
  },
  "packages/react": { imports: ["packages/client"], tests: ["packages/domain"] },
  "apps/console": { imports: ["packages/react", "packages/client", "packages/domain"] },
  "packages/stripe-sandbox": { imports: ["packages/platform"] },
  "infra/local": { imports: [...server, "packages/client", "packages/stripe-sandbox", "apps/cli"] },
};

/** What an application may take from the database package: connections and upkeep, never statements. */
const doorsOfDb = [
  "client",
  "clock",
  "inspection",
  "jobs",
  "listener",
  "migrate",
  "readiness",
  "roles",
  "worker-leases",
];

/** Arrows that must exist: a scanner that finds nothing would pass everything. */
const carriesLoad = [
  "apps/api → packages/service",
  "apps/cli → packages/service",
  "apps/worker → packages/service",
  "packages/db → packages/domain",
  "packages/service → packages/db",
  "packages/service → packages/domain",
  "packages/service → packages/platform",
];

interface Import {
  target: string;
  typeOnly: boolean;
}
interface Source {
  file: string;
  layer: string;
  text: string;
  code: string;
  imports: Import[];
  isTest: boolean;
}

const skipped = new Set(["node_modules", "dist", ".headroom"]);
const filesOf = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesOf(name);
    return /\.(ts|tsx|mjs)$/.test(name) ? [name] : [];
  });

/** Drops comments; keeps strings, inside which `//` begins none. */
const withoutComments = (text: string): string =>
  text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    "$1",
  );

const importsOf = (code: string): Import[] => {
  const statements = code.matchAll(
    /^\s*(?:import|export)\s+(type\s+)?(?:[^"'`;]*?\sfrom\s+)?["']([^"'\n]+)["']/gm,
  );
  const calls = code.matchAll(/\bimport\(\s*["']([^"'\n]+)["']/g);
  return [
    ...[...statements].map(([, type, target = ""]) => ({ target, typeOnly: type !== undefined })),
    ...[...calls].map(([, target = ""]) => ({ target, typeOnly: false })),
  ];
};

const layerOf = (file: string): string => file.split("/").slice(0, 2).join("/");

const sources: Source[] = ["apps", "packages", "infra"].flatMap(filesOf).map((file) => {
  const text = readFileSync(path.join(root, file), "utf8");
  const code = withoutComments(text);
  const isTest = /\.test\.tsx?$|\/testing\/|^packages\/(e2e|benchmarks)\//.test(file);
  return { file, layer: layerOf(file), text, code, imports: importsOf(code), isTest };
});
const product = sources.filter((source) => !source.isTest);

/** The layer that an import reaches, by package name or by relative path; null when it is not one of ours. */
const reach = (source: Source, target: string): string | null => {
  if (target.startsWith(".")) {
    return layerOf(path.posix.join(path.posix.dirname(source.file), target));
  }
  const name = /^@headroom\/([^/]+)/.exec(target)?.[1];
  return name === undefined
    ? null
    : (Object.keys(layers).find((layer) => layer.endsWith(`/${name}`)) ?? target);
};

const arrows = sources
  .filter((source) => !["packages/e2e", "packages/benchmarks"].includes(source.layer))
  .flatMap((source) =>
    source.imports.flatMap((one) => {
      const to = reach(source, one.target);
      return to === null || to === source.layer ? [] : [{ ...one, source, to }];
    }),
  );
const shown = (found: typeof arrows): string[] =>
  found.map(({ source, target }) => `${source.file} imports ${target}`);

const matching = (among: Source[], pattern: RegExp): string[] =>
  among.filter((source) => pattern.test(source.code)).map((source) => source.file);

describe("arrows", () => {
  test("are seen at all", async ({ annotate }) => {
    const counted = new Map<string, number>();
    for (const { source, to } of arrows) {
      const arrow = `${source.layer} → ${to}`;
      counted.set(arrow, (counted.get(arrow) ?? 0) + 1);
    }
    await annotate([...counted].map(([arrow, count]) => `${arrow}: ${count}`).join(", "));
    expect(carriesLoad.filter((arrow) => !counted.has(arrow))).toEqual([]);
  });

  test("point down only", () => {
    const upward = arrows.filter(({ source, to, typeOnly }) => {
      const layer = layers[source.layer];
      return !(
        layer?.imports.includes(to) ||
        (typeOnly && layer?.types?.includes(to)) ||
        (source.isTest && layer?.tests?.includes(to))
      );
    });
    expect(shown(upward)).toEqual([]);
  });

  test("between packages go by name, never by path", () => {
    expect(shown(arrows.filter(({ target }) => target.startsWith(".")))).toEqual([]);
  });

  test("from applications reach no statement of the database package", () => {
    const statements = arrows.filter(
      ({ source, to, target }) =>
        source.layer.startsWith("apps/") &&
        !source.isTest &&
        to === "packages/db" &&
        !doorsOfDb.includes(target.replace("@headroom/db/", "")),
    );
    expect(shown(statements)).toEqual([]);
  });

  test("are ones that the scanner can read", () => {
    const text = [
      'import a from "one"; // import b from "two"',
      "import type { C } from '@headroom/three';",
      'import {\n  d,\n  e,\n} from "./four.ts";',
      'import "five";',
      'export { f } from "six";',
      'const g = await import("seven");',
      "/* import h from 'eight' */",
    ].join("\n");
    expect(importsOf(withoutComments(text))).toEqual([
      { target: "one", typeOnly: false },
      { target: "@headroom/three", typeOnly: true },
      { target: "./four.ts", typeOnly: false },
      { target: "five", typeOnly: false },
      { target: "six", typeOnly: false },
      { target: "seven", typeOnly: false },
    ]);
  });
});

describe("the domain", () => {
  const domain = product.filter((source) => source.layer === "packages/domain");

  test("depends on nothing", () => {
    const manifest = JSON.parse(readFileSync(path.join(root, "packages/domain/package.json"), "utf8"));
    expect(manifest.dependencies ?? {}).toEqual({});
    const outside = domain.flatMap((source) =>
      source.imports.filter(({ target }) => !/^\.\.?\//.test(target)),
    );
    expect(outside).toEqual([]);
    expect(domain.length).toBeGreaterThan(4);
  });

  test("touches no clock, no chance, no environment", () => {
    const globals =
      /\b(?:Date|process|globalThis|console|performance|crypto|fetch|setTimeout|setInterval|queueMicrotask)\s*[.(]|\bMath\.random\b/;
    expect(matching(domain, globals)).toEqual([]);
  });
});

describe("places", () => {
  test("only a main or a script of infra/local reads the environment", () => {
    const elsewhere = product.filter(
      ({ file }) =>
        !/\/(?:main|vite\.config)\.ts$|\/bin\/[^/]*\.mjs$|^infra\/local\/(?:[^/]*\.mjs|start\.ts|tour\.ts|test-suites\.ts)$/.test(
          file,
        ) &&
        // Programs of customers, and the ones that the console shows to them.
        !/^packages\/client\/examples\/|^apps\/console\/src\/(?:developers\/snippets\.ts|usage\/first-event\.tsx)$/.test(
          file,
        ),
    );
    expect(matching(elsewhere, /\bprocess\s*\.\s*env\b/)).toEqual([]);
  });

  test("only packages/db holds SQL or speaks to PostgreSQL", () => {
    const elsewhere = product.filter((source) => source.layer !== "packages/db");
    expect(
      matching(
        elsewhere,
        /\bsql(?:<[^`]*>)?`|\.query(?:<[^(]*>)?\(\s*["'`]|\bCompiledQuery\b|\.(?:selectFrom|insertInto|updateTable|deleteFrom)\(/,
      ),
    ).toEqual([]);
    const drivers = elsewhere.filter((source) => source.imports.some(({ target }) => target === "pg"));
    expect(drivers.map(({ file }) => file)).toEqual([]);
  });

  test("only packages/service opens transactions", () => {
    const elsewhere = product.filter(({ layer }) => layer !== "packages/service" && layer !== "packages/db");
    expect(matching(elsewhere, /\bwith(?:Organization|User|System)\s*\(|\.transaction\(\)/)).toEqual([]);
  });

  test("no folder is a drawer", () => {
    const drawer = /(^|\/)(?:utils?|lib|common|helpers?)\//;
    expect(sources.map(({ file }) => file).filter((file) => drawer.test(file))).toEqual([]);
  });
});

describe("failpoints", () => {
  const placed = product.flatMap(({ file, code }) =>
    [...code.matchAll(/\bfailpoint\(\s*"([^"]+)"/g)].map(([, name = ""]) => ({ file, name })),
  );

  test("each stand at one place of the product, and no other does", () => {
    expect(placed.map(({ name }) => name).sort()).toEqual([...failpoints].sort());
  });

  test("each have their process killed there by a test", () => {
    const read = (file: string) => readFileSync(path.join(root, file), "utf8");
    // Processes that go on are killed by area; those of the night and commands by name.
    const processes = read("packages/e2e/src/failpoints.e2e.test.ts");
    const byName = [
      "packages/e2e/src/failpoints-at-night.e2e.test.ts",
      "apps/cli/src/import.int.test.ts",
      "apps/cli/src/plans-push.int.test.ts",
    ].map(read);
    const isKilled = (name: string) =>
      processes.includes(`named("${name.split(".")[0]}")`) ||
      byName.some((tests) => tests.includes(`"${name}"`));
    expect(failpoints.filter((name) => !isKilled(name))).toEqual([]);
  });
});

describe("style", () => {
  test("no file is longer than 250 lines", async ({ annotate }) => {
    const lengths = product
      .filter(({ file }) => file !== "packages/db/src/schema.ts")
      .map(({ file, text }) => ({ file, lines: text.split("\n").length - 1 }))
      .sort((one, other) => one.lines - other.lines);
    await annotate(`${lengths.length} files, median ${lengths[lengths.length >> 1]?.lines} lines`);
    expect(lengths.filter(({ lines }) => lines > 250)).toEqual([]);
  });

  const modules = product.filter(({ file }) => !/\.config\.ts$|\.mjs$/.test(file));

  test("no class but errors", () => {
    expect(
      matching(modules, /^\s*(?:export\s+)?(?:abstract\s+)?class\s+\w+\s+(?!extends\s+\w*Error\b)/m),
    ).toEqual([]);
  });

  test("no default export but configuration, and what is loaded when it is opened", () => {
    const console = modules.filter(({ file }) => file.startsWith("apps/console/"));
    const lazy = console.flatMap(({ file, code }) =>
      [...code.matchAll(/\blazy(?:Part)?\(\(\) => import\("([^"]+)"\)\)/g)].map(([, target = ""]) =>
        path.posix.join(path.posix.dirname(file), target),
      ),
    );
    const others = modules.filter(
      ({ file }) => !lazy.includes(file) && !/\/vite\.config\.ts$|\/examples\/nextjs\/app\//.test(file),
    );
    expect(lazy.length).toBeGreaterThan(5);
    expect(matching(others, /^\s*export\s+default\b/m)).toEqual([]);
  });

  test("no file that only re-exports", () => {
    const reexport = /^\s*export\s+(?!type\s)[^;=]*?\sfrom\s+["'][^"']+["'];?\s*$/gm;
    const barrels = modules.filter(({ code }) => code.replace(reexport, "").trim() === "");
    expect(barrels.map(({ file }) => file)).toEqual([]);
  });
});
