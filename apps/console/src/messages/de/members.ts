import type { Messages } from "../messages.tsx";

export const members: Messages["members"] = {
  title: "Mitglieder",
};
