import type { Messages } from "../messages.tsx";

export const usage: Messages["usage"] = {
  title: "Nutzung",
};
