import type { Messages } from "../messages.tsx";

export const limits: Messages["limits"] = {
  title: "Limits",
};
