import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const root = path.join(import.meta.dirname, "../../..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const pages = ["*.md", "docs/*.md", "docs/recipes/*.md", "docs/decisions/*.md"].flatMap((places) =>
  globSync(places, { cwd: root }),
);

/** Where the variables of our processes are declared. */
const declarations = [
  "packages/platform/src/config.ts",
  "packages/service/src/stripe/variables.ts",
  "packages/service/src/mail/variables.ts",
  "packages/service/src/invite-links.ts",
  "packages/service/src/webhook-settings.ts",
  ...["api", "worker", "stripe-webhook"].map((app) => `apps/${app}/src/config.ts`),
];
const variables = new Set(
  declarations.flatMap((file) =>
    [...read(file).matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name),
  ),
);

/** The anchor that a heading has on the page. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

/** Whether a link of a page leads somewhere. */
function leads(page: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? page : path.join(path.dirname(page), file);
  if (!existsSync(path.join(root, target))) return false;
  const headings = anchor === undefined ? [] : [...read(target).matchAll(/^#+ (.+)$/gm)];
  return anchor === undefined || headings.some(([, heading = ""]) => anchorOf(heading) === anchor);
}

describe("links", () => {
  test.each([...pages, ...globSync("packages/*/README.md", { cwd: root })])(
    "of %s lead somewhere",
    (page) => {
      const links = [...read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = ""]) => link);
      expect(links.filter((link) => !leads(page, link))).toEqual([]);
    },
  );

  test("reach every page from the README", () => {
    const readme = read("README.md");
    const wanted = pages.filter((page) => page !== "README.md" && !page.startsWith("docs/decisions/"));
    expect(wanted.filter((page) => !readme.includes(`](${page})`))).toEqual([]);
    expect(readme).toContain("](docs/decisions)");
  });
});

test("every file that the page about the architecture names is there", () => {
  const named = [
    ...read("docs/architecture.md").matchAll(/`((?:[\w-]+\/)+[\w-]+\.(?:ts|sql)|\d{4}_\w+\.sql)`/g),
  ];
  const missing = named
    .map(([, file = ""]) => file)
    .filter((file) => {
      const [first = "", ...rest] = file.split("/");
      const places = [
        file,
        `packages/${file}`,
        `packages/${first}/src/${rest.join("/")}`,
        `packages/db/migrations/${file}`,
      ];
      return !places.some((place) => existsSync(path.join(root, place)));
    });
  expect(named.length).toBeGreaterThan(10);
  expect(missing).toEqual([]);
});

describe("environment variables", () => {
  test("are all in the README's table, and it has no others", () => {
    const table = read("README.md")
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    const told = table.flatMap((line) =>
      line.split(" | ", 1).flatMap((names) => names.match(/[A-Z][A-Z0-9_]+/g) ?? []),
    );
    expect(variables.size).toBeGreaterThan(20);
    expect(new Set(told)).toEqual(variables);
  });

  test("of compose.yaml are variables that we read, and its secrets are declared", () => {
    const compose = read("infra/compose.yaml");
    const [, applications = ""] = compose.split("x-environment:");
    const set = [...applications.matchAll(/^ {2,6}([A-Z][A-Z0-9_]+): /gm)].map(([, name = ""]) => name);
    const ours = set
      .filter((name) => !/^(POSTGRES_|APP$)/.test(name))
      .map((name) => name.replace(/_FILE$/, ""));
    expect(ours.filter((name) => !variables.has(name))).toEqual([]);
    const mounted = [...compose.matchAll(/\/run\/secrets\/(\w+)/g)].map(([, name = ""]) => name);
    const declared = [...compose.matchAll(/^ {2}(\w+): \{ file: /gm)].map(([, name]) => name);
    expect(mounted.filter((name) => !declared.includes(name))).toEqual([]);
  });
});
