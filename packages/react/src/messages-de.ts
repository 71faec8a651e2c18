import type { Messages } from "./messages.ts";
import { people } from "./people-messages-de.ts";

export const de: Messages = {
  unlimited: "Unbegrenzt",
  ...people,
};
