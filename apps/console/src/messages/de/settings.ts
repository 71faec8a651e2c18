import type { Messages } from "../messages.tsx";

export const settings: Messages["settings"] = {
  title: "Einstellungen",
};
