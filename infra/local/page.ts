const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text that may stand in HTML and in a quoted attribute. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => entities[character] ?? "");

const style = `
:root { color-scheme: light dark; --ink: #1c1d22; --quiet: #5b5e6a; --ground: #fff; --raised: #f5f6f8; --line: #7b7f8c; --accent: #3347c4; --on-accent: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf1; --quiet: #a9adba; --ground: #14151a; --raised: #1f2128; --line: #7d8190; --accent: #a9b6ff; --on-accent: #14151a } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 28rem; margin: 0 auto; padding: 2rem 1rem }
main.wide { max-width: 72rem }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem }
h2 { font-size: 1.125rem; margin: 1.5rem 0 .5rem; overflow-wrap: anywhere }
p { margin: .25rem 0 }
a { color: var(--accent) }
.quiet { color: var(--quiet) }
button, input { font: inherit; color: inherit; border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; min-height: 2.75rem }
button { cursor: pointer; background: var(--raised) }
button.main { background: var(--accent); color: var(--on-accent); border-color: var(--accent); font-weight: 600 }
input[type=email], input[type=text] { width: 100%; background: var(--ground) }
input[type=checkbox] { min-height: 0; width: 1.25rem; height: 1.25rem; accent-color: var(--accent); margin: 0 }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
`;

/** A whole page for people, light or dark as their system is, around content that is HTML already. */
export const renderPage = (title: string, content: string, own = "", kind = ""): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}${own}</style>
</head>
<body>
<main${kind === "" ? "" : ` class="${kind}"`}>
<h1>${escapeHtml(title)}</h1>
${content}
</main>
</body>
</html>
`;
