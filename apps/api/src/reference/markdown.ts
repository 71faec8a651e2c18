import path from "node:path";
import { Marked, type Tokens } from "marked";
import type { Library } from "./library.ts";

/** Text as HTML shows it. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (sign) => entities[sign] ?? sign);
}

/** A page's text as HTML, with the links between files led to pages. `file` is its place in the repository. */
export function renderMarkdown(text: string, file: string, library: Library): string {
  const anchors = new Map<string, number>();
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth, text: raw }) {
        const id = anchorOf(raw, anchors);
        const label = this.parser.parseInline(tokens);
        const link = `<a class="anchor" href="#${id}" aria-hidden="true" tabindex="-1">#</a>`;
        return `<h${depth} id="${id}">${label} ${link}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const label = this.parser.parseInline(tokens);
        const target = leadOn(href, file, library);
        return target === null ? label : `<a href="${escapeHtml(target)}">${label}</a>`;
      },
      image({ href, text: alternative }) {
        const target = imageAddress(href, file);
        return target === null
          ? escapeHtml(alternative)
          : `<img src="${escapeHtml(target)}" alt="${escapeHtml(alternative)}" loading="lazy">`;
      },
      // A box that nobody can tick needs no label as a sign.
      checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
      // A long name may go on in the next line of a table's cell, where it has a joint.
      codespan: ({ text: code }) =>
        `<code>${escapeHtml(code).replace(/,(?=\S)|(?<=\w{4})[._/](?=\S)/g, "$&<wbr>")}</code>`,
      code({ text: code }) {
        return `<pre tabindex="0"><code>${escapeHtml(code)}\n</code></pre>\n`;
      },
      table(token: Tokens.Table) {
        const row = (cells: Tokens.TableCell[]) =>
          `<tr>${cells.map((cell) => this.tablecell(cell)).join("")}</tr>\n`;
        return `<div class="scroll" tabindex="0"><table>\n<thead>\n${row(token.header)}</thead>\n<tbody>\n${token.rows
          .map(row)
          .join("")}</tbody>\n</table></div>\n`;
      },
      tablecell({ tokens, header }) {
        const content = this.parser.parseInline(tokens);
        if (!header) return `<td>${content}</td>`;
        // A heading without words heads nothing.
        return content === "" ? "<td></td>" : `<th scope="col">${content}</th>`;
      },
      // Markup of a page is shown, never obeyed; its comments are for whoever edits it.
      html: ({ text: markup }) => escapeHtml(markup.replace(/<!--[\s\S]*?-->\s*/g, "")),
    },
  });
  return marked.parse(text, { async: false });
}

/** The same as where the repository is read: `## What counts?` is `what-counts`. */
function anchorOf(heading: string, met: Map<string, number>): string {
  const anchor = heading
    .replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");
  const count = met.get(anchor) ?? 0;
  met.set(anchor, count + 1);
  return count === 0 ? anchor : `${anchor}-${count}`;
}

/** Where a link goes from here; null: to a file that is not served, or nowhere that is safe. */
function leadOn(href: string, file: string, { pages }: Library): string | null {
  if (/^(https?:|mailto:)/.test(href)) return href;
  if (href.startsWith("#") || /^\/(?!\/)/.test(href)) return href;
  if (/^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith("//")) return null;
  const [target = "", anchor] = href.split("#");
  const place = path.posix.join(path.posix.dirname(file), target).replace(/\/$/, "");
  const page = [...pages.values()].find((one) => one.file === place);
  if (page !== undefined) return `/docs/guide/${page.slug}${anchor === undefined ? "" : `#${anchor}`}`;
  if (place === "docs/decisions") return "/docs/guide#decisions";
  if (place === "README.md") return "/docs/guide";
  return place === "docs/openapi.json" ? "/openapi.json" : null;
}

/** Pictures lie in `docs`. */
function imageAddress(href: string, file: string): string | null {
  if (/^[a-z][a-z0-9+.-]*:|^\//i.test(href)) return null;
  const place = path.posix.join(path.posix.dirname(file), href);
  return place.startsWith("docs/") ? `/docs/guide/${place.slice("docs/".length)}` : null;
}
