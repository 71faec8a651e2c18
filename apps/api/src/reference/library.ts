import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";

/** A page of the guide: a Markdown file of the repository. */
export type GuidePage = {
  /** `docs/metering.md`. */
  file: string;
  /** Below `/docs/guide/`: `metering`, `decisions/0001-…`. */
  slug: string;
  title: string;
  /** What the README says of it; empty when it says nothing. */
  about: string;
};

export type GuideGroup = { name: string; pages: readonly GuidePage[] };

/** The repository's documentation, in the order of the README. */
export type Library = { root: string; groups: readonly GuideGroup[]; pages: ReadonlyMap<string, GuidePage> };

const decisions = "docs/decisions";

/** Reads what there is to read below `root`, the folder of the README. Whatever is missing is left out. */
export function readLibrary(root: string): Library {
  const told = groupsOf(readIfThere(path.join(root, "README.md")));
  const groups = told.map(({ name, links }) => ({
    name,
    pages: links.flatMap((link) => pageOf(root, link)),
  }));
  const listed = new Set(groups.flatMap(({ pages }) => pages.map(({ file }) => file)));
  const others = globSync("docs/*.md", { cwd: root })
    .toSorted()
    .filter((file) => !listed.has(file))
    .flatMap((file) => pageOf(root, { label: "", target: file, about: "" }));
  const decided = globSync(`${decisions}/*.md`, { cwd: root })
    .toSorted()
    .flatMap((file) => pageOf(root, { label: "", target: file, about: "" }));
  const all = [...groups, { name: "More", pages: others }, { name: "Decisions", pages: decided }].filter(
    ({ pages }) => pages.length > 0,
  );
  return {
    root,
    groups: all,
    pages: new Map(all.flatMap(({ pages }) => pages.map((page) => [page.slug, page] as const))),
  };
}

type Link = { label: string; target: string; about: string };

/** The lists under "Read on": `For who runs it:` and the links below it. */
function groupsOf(readme: string): { name: string; links: Link[] }[] {
  const [, readOn = ""] = readme.split(/^## Read on$/m);
  const [section = ""] = readOn.split(/^## /m);
  return section.split(/^(?=[^-\s].*:$)/m).flatMap((part) => {
    const name = /^(.+):$/m.exec(part)?.[1];
    const links = [...part.matchAll(/^- \[([^\]]+)\]\(([^)\s]+)\):? ?(.*)$/gm)].map(
      ([, label = "", target = "", about = ""]) => ({ label, target, about }),
    );
    return name === undefined ? [] : [{ name, links }];
  });
}

/** No page for what is no Markdown, and what is not here. */
function pageOf(root: string, { label, target, about }: Link): GuidePage[] {
  const file = path.posix.normalize(target);
  if (!file.endsWith(".md") || file.startsWith("..") || !existsSync(path.join(root, file))) return [];
  const heading = /^# (.+)$/m.exec(readFileSync(path.join(root, file), "utf8"))?.[1];
  return [{ file, slug: slugOf(file), title: label || plain(heading ?? slugOf(file)), about: plain(about) }];
}

/** `docs/decisions/0004-late-usage.md` → `decisions/0004-late-usage`, `packages/client/README.md` → `client`. */
function slugOf(file: string): string {
  return file
    .replace(/^docs\//, "")
    .replace(/^packages\/([^/]+)\/README\.md$/, "$1")
    .replace(/\.md$/, "")
    .toLowerCase();
}

/** Without the signs of Markdown. */
function plain(text: string): string {
  return text.replace(/\[([^\]]+)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "");
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
