import type { Messages } from "../messages.tsx";

export const operator: Messages["operator"] = {
  title: "Betrieb",
};
