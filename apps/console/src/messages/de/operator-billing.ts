import type { operatorBilling as en } from "../en/operator-billing.ts";

export const operatorBilling: typeof en = {
  health: {
    title: "Zustand der Abrechnung",
    text: "Ob Headroom hat, was Stripe hat, und Stripe weiß, was zu zahlen ist. Alle halbe Minute neu gelesen.",
    well: "Alles stimmt überein, und nichts wartet, was nicht warten soll.",
    all: "Alle Anzeichen",
    caption: "Anzeichen für den Zustand der Abrechnung",
    signal: "Anzeichen",
    state: "Zustand",
    count: "Anzahl",
    since: "Ältestes oder letzter Blick",
    minutes: (minutes: string) => `${minutes} min`,
    runbook: (anchor: string) => `Anleitung: docs/runbooks.md#${anchor}`,
    states: { ok: "In Ordnung", warning: "Heute ansehen", alert: "Jetzt handeln" },
    signals: {
      events_waiting: "Wartende Ereignisse",
      events_parked: "Zurückgestellte Ereignisse",
      events_dead: "Aufgegebene Ereignisse",
      events_quarantined: "Ereignisse des anderen Modus",
      customers_failing: "Kunden, die sich nicht vergleichen lassen",
      drift: "Änderungen, von denen kein Ereignis kam",
      backfill: "Ereignisse, die nachgeholt werden mussten",
      periods_unsettled: "Noch nicht abgerechnete Zeiträume und Posten",
      periods_unbilled: "Zeiträume mit Mehrverbrauch, die niemand abrechnet",
      lines_waiting: "Posten, die warten, bis die Abrechnung wieder läuft",
      invoices_held: "Für ihren Mehrverbrauch zurückgehaltene Rechnungen",
      ledger: "Posten, die vom Hauptbuch abweichen",
      usage: "Zähler, die von ihrer Nachzählung abweichen",
    },
  },
  shadow: {
    title: "Die Abrechnung läuft nicht.",
    text: "Headroom liest Stripe, berechnet Tarife, Grenzen und Mehrverbrauch und ändert dort nichts. Kauf, Kundenportal und Tarifwechsel werden abgelehnt.",
  },
  unbilled: {
    title: "Mehrverbrauch, den niemand abrechnet",
    text: "Offene Zeiträume begannen, bevor die Abrechnung lief: Headroom rechnet ihren Mehrverbrauch nicht ab. Tut es auch kein anderes System, gehört ein früherer Zeitpunkt in billing.liveFrom, bevor sie enden. Geschlossene bleiben, wie sie sind.",
    shadow:
      "Solange die Abrechnung nicht läuft, rechnet Headroom keinen Mehrverbrauch ab. Geschlossene Zeiträume bleiben auch danach unberechnet.",
    caption: "Zeiträume mit Mehrverbrauch, den Headroom nicht abrechnet",
    organization: "Organisation und Messgröße",
    period: "Zeitraum",
    units: "Einheiten",
    amount: "Betrag",
    state: "Zustand",
    states: { open: "Bisher", closed: "Geschlossen" },
    span: (from: string, to: string) => `${from} bis ${to}`,
    more: (shown: string, all: string) =>
      `${shown} von ${all} Zeiträumen sind gezeigt. Mehr: headroom stripe status.`,
  },
};
