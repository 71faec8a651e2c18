import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Asset, createAsset } from "./assets.ts";
import { layOut, lost, overview } from "./layout.ts";
import { type Library, readLibrary } from "./library.ts";
import { renderMarkdown } from "./markdown.ts";

/** What an address below `/docs/guide` answers. */
export type GuideAnswer =
  | { kind: "found"; asset: Asset }
  | { kind: "moved"; to: string }
  | { kind: "lost"; asset: Asset };

const html = "text/html; charset=utf-8";

const pictures: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".svg": "image/svg+xml",
};

/** The documentation below `root` as pages, each rendered when it is first asked for and kept. */
export function createGuide(root: string): { answer(name: string): Promise<GuideAnswer> } {
  const library = readLibrary(root);
  const kept = new Map<string, Promise<Asset>>();
  const keep = (name: string, make: () => Promise<Asset>): Promise<Asset> => {
    const known = kept.get(name) ?? make();
    kept.set(name, known);
    // What could not be read is tried again.
    known.catch(() => kept.delete(name));
    return known;
  };

  return {
    async answer(name) {
      if (name === "") return found(await keep("", () => page(library, "Guide", overview(library))));
      if (name === "style.css") return found(await keep(name, style));
      const known = library.pages.get(name);
      if (known !== undefined) return found(await keep(name, () => renderPage(library, name)));
      const elsewhere = name.replace(/(\.md|\/)$/, "").toLowerCase();
      if (library.pages.has(elsewhere)) return { kind: "moved", to: `/docs/guide/${elsewhere}` };
      const picture = pictures[path.extname(name)];
      if (picture !== undefined && isBelow(name)) {
        const asset = await keep(name, () => readPicture(root, name, picture)).catch(() => null);
        if (asset !== null) return found(asset);
      }
      return { kind: "lost", asset: await keep("/", () => page(library, "No such page", lost)) };
    },
  };
}

const found = (asset: Asset): GuideAnswer => ({ kind: "found", asset });

function page(library: Library, title: string, content: string): Promise<Asset> {
  return createAsset(html, layOut(library, title, content, null));
}

async function renderPage(library: Library, slug: string): Promise<Asset> {
  const known = library.pages.get(slug);
  if (known === undefined) throw new Error(`there is no page ${slug}`);
  const text = await readFile(path.join(library.root, known.file), "utf8");
  const content = renderMarkdown(text, known.file, library);
  return createAsset(html, layOut(library, known.title, content, known));
}

async function style(): Promise<Asset> {
  return createAsset("text/css; charset=utf-8", await readFile(path.join(import.meta.dirname, "guide.css")));
}

async function readPicture(root: string, name: string, type: string): Promise<Asset> {
  return createAsset(type, await readFile(path.join(root, "docs", name)), type === "image/svg+xml");
}

/** Names no file above the folder, and none that is hidden. */
function isBelow(name: string): boolean {
  return name.split("/").every((step) => /^[\w-][\w.-]*$/.test(step));
}
