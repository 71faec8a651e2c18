/** What the router's type may still import once it stands alone. */
const allowed = new Set(["@trpc/server"]);

/**
 * The declaration of the api's router without the server: what only the server needs (its context, its metadata)
 * becomes `object`, and the error shape, which the compiler repeats for every procedure, is written once.
 * @throws Error when the type refers to anything else, naming it.
 */
export function detachRouter(emitted: string): string {
  const detached = emitted.replaceAll(/import\("\.\/trpc\.ts"\)\.(Context|Meta)\b/g, "object");
  const { text, shape } = hoistErrorShape(detached);
  assertDetached(text);
  return `export interface HeadroomErrorShape ${shape}\n${text}`;
}

/** The modules that a declaration names. */
export function importsOf(declaration: string): Set<string> {
  const specifiers = declaration.matchAll(/(?:import\(|from |import )"([^"]+)"/g);
  return new Set([...specifiers].map(([, specifier = ""]) => specifier));
}

function assertDetached(declaration: string): void {
  const foreign = [...importsOf(declaration)].filter((specifier) => !allowed.has(specifier));
  if (foreign.length === 0) return;
  throw new Error(
    `The router's type refers to ${foreign.join(", ")}. Give the procedure an .output() schema whose type is written ` +
      "out: z.enum([...]) with literals, no z.custom, no imported type.",
  );
}

function hoistErrorShape(declaration: string): { text: string; shape: string } {
  const mark = "errorShape: {";
  let text = declaration;
  let shape = "";
  for (let start = text.indexOf(mark); start !== -1; start = text.indexOf(mark)) {
    const open = start + mark.length - 1;
    const end = closingBrace(text, open) + 1;
    const found = text.slice(open, end).replaceAll(/\s+/g, " ");
    if (shape !== "" && found !== shape) throw new Error("Two procedures have different error shapes");
    shape = found;
    text = `${text.slice(0, start)}errorShape: HeadroomErrorShape${text.slice(end)}`;
  }
  if (shape === "") throw new Error("The router's declaration has no error shape");
  return { text, shape };
}

/** Types have no strings with braces in them but object keys, which ours are not. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index += 1) {
    if (text[index] === "{") depth += 1;
    if (text[index] === "}") depth -= 1;
    if (depth === 0) return index;
  }
  throw new Error("The router's declaration is cut off");
}
