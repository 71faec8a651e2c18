import type { Messages } from "../messages.tsx";

export const developers: Messages["developers"] = {
  title: "Entwickler",
};
