import type { Messages } from "./messages.ts";
import { pricing } from "./pricing-messages-de.ts";

export const de: Messages = {
  unlimited: "Unbegrenzt",
  pricing,
};
