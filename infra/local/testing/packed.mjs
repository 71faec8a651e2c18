/**
 * Loaded before the processes that tests start (NODE_OPTIONS): our own modules get a package of many modules from the one
 * file that `packed-setup.ts` has made of it. Such a process lives for seconds, and half of what it costs is finding and
 * linking a thousand modules. The code is the package's own.
 */
import { existsSync } from "node:fs";
import * as module from "node:module";

const root = new URL("../../../", import.meta.url).href;
/** The installed versions are in this module's own address: a folder is written once, and never changes. */
const place = new URL(`node_modules/.cache/packed/${new URL(import.meta.url).searchParams.get("of")}/`, root);
const loadedMs = 2_000;

/** Entries of packages, by the name of their file. A process would have two of one whose entries were not all here. */
export const packed = {
  jose: "jose",
  kysely: "kysely",
  "kysely-migration": "kysely/migration",
  stripe: "stripe",
  zod: "zod",
};

const files = new Map(
  Object.entries(packed).map(([name, specifier]) => [specifier, new URL(`${name}.mjs`, place)]),
);

const isOurs = (parent) => parent?.startsWith(root) && !parent.includes("/node_modules/");

// Node 20, which may run the bootstrap, has no such hooks.
if (module.registerHooks && existsSync(place)) {
  module.registerHooks({
    resolve: (specifier, context, next) => {
      const file = files.get(specifier);
      return file !== undefined && isOurs(context.parentURL)
        ? { url: file.href, format: "module", shortCircuit: true }
        : next(specifier, context);
    },
  });
}

// Compiled code is kept at a normal end only, and most of these processes are killed.
if (module.flushCompileCache) setTimeout(module.flushCompileCache, loadedMs).unref();
