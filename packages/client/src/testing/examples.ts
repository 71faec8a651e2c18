import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import path from "node:path";
import { socketClient } from "@headroom/api/testing/live";
import * as query from "@tanstack/react-query";
import * as client from "../index.ts";
import * as reactQuery from "../react-query.ts";

/** What the examples may import. */
const modules: Record<string, object> = {
  "@headroom/client": client,
  "@headroom/client/react-query": reactQuery,
  "@tanstack/react-query": query,
  "socket.io-client": socketClient,
};
const root = path.resolve(import.meta.dirname, "../../../..");

/** The names of a document's examples. */
export function examplesIn(document: string): string[] {
  const text = readFileSync(path.join(root, document), "utf8");
  return [...text.matchAll(/<!-- example: ([\w-]+) -->/g)].map(([, name = ""]) => name);
}

/** Runs an example of a document as it stands there, with the names of `scope`; answers the value of `result` in it. */
export async function runExample(document: string, name: string, scope: object, result = "null") {
  const text = readFileSync(path.join(root, document), "utf8");
  const block = new RegExp(`<!-- example: ${name} -->\n\`\`\`ts\n([\\s\\S]*?)\`\`\``).exec(text)?.[1];
  if (block === undefined) throw new Error(`${document} has no example ${name}`);
  const code = stripTypeScriptTypes(block).replaceAll(
    /^import (\{[^}]*\}) from "([^"]+)";$/gm,
    'const $1 = modules["$2"];',
  );
  const names = ["modules", ...Object.keys(scope)].join(", ");
  const source = `return async ({ ${names} }) => { ${code}; return ${result}; }`;
  return new Function(source)()({ modules, ...scope });
}
