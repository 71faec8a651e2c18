import type { Messages } from "../messages.tsx";

export const sandbox: Messages["sandbox"] = {
  title: "Sandbox",
};
