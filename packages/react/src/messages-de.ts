import type { Messages } from "./messages.ts";

export const de: Messages = {
  unlimited: "Unbegrenzt",
};
