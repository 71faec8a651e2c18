import type { Messages } from "../shape.ts";

export const common: Messages["common"] = {
  cancel: "Abbrechen",
  close: "Schließen",
  save: "Speichern",
  saving: "Wird gespeichert …",
  saved: "Gespeichert",
  copy: "Kopieren",
  copied: "Kopiert",
  more: "Mehr anzeigen",
  actions: "Aktionen",
  none: "Keine",
  unlimited: "Unbegrenzt",
  of: (value, limit) => `${value} von ${limit}`,
  roles: { owner: "Inhaber", admin: "Admin", member: "Mitglied" },
  requestId: (id) => `Anfrage ${id}`,
  noAnswer: "Headroom antwortet nicht. Prüfen Sie die Verbindung und versuchen Sie es erneut.",
  tryAgain: "Erneut versuchen",
  ownerOnly: "Das darf nur der Inhaber.",
  notAllowed: "Ihre Rolle erlaubt das nicht.",
};
