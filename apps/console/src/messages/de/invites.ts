import type { Messages } from "../messages.tsx";

export const invites: Messages["invites"] = {
  title: "Einladung",
};
