import type { en } from "./en/index.ts";
import type { tools } from "./en/tools.ts";

/** Every text of the console, in one language. Parameters arrive formatted for the reader. */
export type Messages = typeof en;

/** The texts of pages that few open: developers, audit, operator, sandbox. They are loaded with the first of these. */
export type ToolMessages = typeof tools;
