import type { Messages } from "../messages.tsx";

export const plan: Messages["plan"] = {
  title: "Tarif",
};
