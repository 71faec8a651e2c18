import type { GuidePage, Library } from "./library.ts";
import { escapeHtml } from "./markdown.ts";

/** A page of text runs nothing and loads only its own style and pictures. */
export const guidePolicy =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A whole page around its text. `page` is null for those that are no file. */
export function layOut(library: Library, title: string, content: string, page: GuidePage | null): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · Headroom</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/guide/style.css">
</head>
<body>
<a class="skip" href="#text">Skip to the text</a>
<header>
<a class="name" href="/docs/guide">Headroom</a>
<ul><li class="phone"><a href="#contents">Contents</a></li><li><a href="/docs">API reference</a></li></ul>
</header>
<div class="page">
<main id="text" tabindex="-1">
${content}${page === null ? "" : neighbours(library, page)}</main>
<nav id="contents" aria-label="Guide">
${library.groups.map((group) => contents(group, page)).join("")}</nav>
</div>
</body>
</html>
`;
}

function contents({ name, pages }: Library["groups"][number], current: GuidePage | null): string {
  const links = pages.map(
    (page) =>
      `<li><a href="/docs/guide/${page.slug}"${page === current ? ' aria-current="page"' : ""}>${escapeHtml(page.title)}</a></li>\n`,
  );
  return `<h2>${escapeHtml(name)}</h2>\n<ul>\n${links.join("")}</ul>\n`;
}

/** The pages before and after it. */
function neighbours({ pages }: Library, current: GuidePage): string {
  const all = [...pages.values()];
  const place = all.indexOf(current);
  const link = (page: GuidePage | undefined, word: string) =>
    page === undefined ? "" : `<a href="/docs/guide/${page.slug}">${word}: ${escapeHtml(page.title)}</a>`;
  return `<nav class="neighbours" aria-label="Neighbouring pages">${link(all[place - 1], "Before")}${link(all[place + 1], "Next")}</nav>\n`;
}

/** The first page: what there is to read. */
export function overview({ groups }: Library): string {
  const lists = groups.map(({ name, pages }) => {
    const items = pages.map(
      ({ slug, title, about }) =>
        `<li><a href="/docs/guide/${slug}">${escapeHtml(title)}</a>${about === "" ? "" : `: ${escapeHtml(about)}`}</li>\n`,
    );
    return `<h2 id="${name.toLowerCase().replaceAll(" ", "-")}">${escapeHtml(name)}</h2>\n<ul>\n${items.join("")}</ul>\n`;
  });
  return `<h1>Guide</h1>
<p>Organizations, seats, limits and Stripe billing, self-hosted. The <a href="/docs">API reference</a> has every call
with examples, <a href="/openapi.json">openapi.json</a> the same for programs.</p>
${lists.join("")}`;
}

/** What an address that leads nowhere answers. */
export const lost = `<h1>No such page</h1>
<p>There is nothing at this address. <a href="/docs/guide">What there is to read</a>.</p>
`;
