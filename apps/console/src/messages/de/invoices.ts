import type { Messages } from "../messages.tsx";

export const invoices: Messages["invoices"] = {
  title: "Rechnungen",
};
