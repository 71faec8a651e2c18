import type { pricing as en } from "./pricing-messages-en.ts";

/** The words of the pricing table. */
export const pricing: typeof en = {
  paidBy: "Zahlweise",
  intervals: { month: "Monatlich", year: "Jährlich" },
  currency: "Währung",
  onlyDifferences: (plan) => `Nur zeigen, was sich von ${plan} unterscheidet`,
  free: "Kostenlos",
  per: { month: "im Monat", year: "im Jahr" },
  perMonth: (price) => `${price} im Monat`,
  saves: (share) => `spart ${share}`,
  notSold: (currency) => `In ${currency} nicht erhältlich`,
  current: "Aktueller Tarif",
  pending: "Gilt als Nächstes",
  trial: (_days, days) => (days === 1 ? "1 Tag kostenlos testen" : `${days} Tage kostenlos testen`),
  sameOtherwise: (plan) => `Alles andere wie in ${plan}`,
  seats: (count, plain) => (plain === 1 ? "1 Platz" : `${count} Plätze`),
  seatsSold: (price, interval) => `weitere für je ${price} im ${interval === "year" ? "Jahr" : "Monat"}`,
  seatsFollow: (price, interval) =>
    `jedes weitere Mitglied ${price} im ${interval === "year" ? "Jahr" : "Monat"}`,
  seatsMost: (count) => `höchstens ${count}`,
  meter: (name, terms) => `${name}: ${terms}`,
  daily: (count) => `${count} am Tag`,
  included: (count) => `${count} im Monat`,
  overage: (price) => `danach je ${price}`,
  withoutLimit: "unbegrenzt",
  withoutMeter: (name) => `Ohne ${name}`,
  feature: (name, value) => `${name}: ${value}`,
  withoutFeature: (name) => `Ohne ${name}`,
  trends: { more: "mehr als jetzt", less: "weniger als jetzt", other: "anders als jetzt" },
  actions: {
    choose: (plan) => `${plan} wählen`,
    upgrade: (plan) => `Auf ${plan} wechseln`,
    downgrade: (plan) => `Auf ${plan} wechseln`,
    keep: (plan) => `${plan} behalten`,
    interval: { month: "Monatlich zahlen", year: "Jährlich zahlen" },
  },
};
