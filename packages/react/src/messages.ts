import { de } from "./messages-de.ts";
import { en } from "./messages-en.ts";

/** Every text of the components, in one language. */
export type Messages = typeof en;

/** The languages that the package brings. Give `HeadroomProvider` your own for another. */
export const messages: Readonly<Record<"en" | "de", Messages>> = { en, de };
