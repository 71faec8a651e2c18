import { de } from "./messages-de.ts";
import { en, type Messages } from "./messages-en.ts";

/** The languages that the package brings. Give `HeadroomProvider` your own for another. */
export const messages: Readonly<Record<"en" | "de", Messages>> = { en, de };
