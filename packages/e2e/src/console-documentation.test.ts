import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.join(import.meta.dirname, "../../..");
const read = (file: string) => readFileSync(path.join(root, file), "utf8");
const page = read("docs/console.md");

test("the page about the console has every address that the console has, and no other", () => {
  const routes = read("apps/console/src/routes.tsx");
  const [, parent = ""] = /<Route path="([^"]+)" nest>/.exec(routes) ?? [];
  const addresses = [...routes.matchAll(/<Route path="([^"]+)" component/g)].map(
    ([, address = ""]) => address,
  );
  const told = [...page.matchAll(/^\| [^|]+ \| `(\/[^`]*)` \|/gm)].map(([, address = ""]) => address);
  expect(addresses.length).toBeGreaterThan(10);
  expect(["/", ...told.map((address) => address.replace(parent, ""))].toSorted()).toEqual(
    addresses.toSorted(),
  );
});

test("and every component of the package", () => {
  const exported = [
    ...read("packages/react/src/index.ts").matchAll(/export \{([^}]+)\} from "[^"]+\.tsx"/g),
  ].flatMap(([, names = ""]) => names.split(",").map((name) => name.trim()));
  const components = exported.filter((name) => /^[A-Z]/.test(name));
  expect(components).toContain("HeadroomProvider");
  expect(components.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test("and sets variables that the package has", () => {
  const variables = [...page.matchAll(/^ {2}(--hr-[\w-]+):/gm)].map(([, name = ""]) => name);
  expect(variables.length).toBeGreaterThan(2);
  expect(variables.filter((name) => !read("packages/react/src/styles.css").includes(`${name}: `))).toEqual(
    [],
  );
});
