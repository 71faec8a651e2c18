import type { Messages } from "../messages.tsx";

export const audit: Messages["audit"] = {
  title: "Protokoll",
};
