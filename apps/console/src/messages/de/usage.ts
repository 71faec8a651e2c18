import type { Messages } from "../shape.ts";
import { explained } from "./usage-explained.ts";

export const usage: Messages["usage"] = {
  title: "Nutzung",
  text: (plan, from, to) => `Tarif ${plan}. Dieser Zeitraum geht vom ${from} bis zum ${to}.`,
  meter: "Zähler",
  todayOf: (meter) => `${meter} heute`,
  periodOf: (meter) => `${meter} in diesem Zeitraum`,
  meterOn: (meter, day) => `${meter} am ${day}`,
  startsAgain: (moment, when) => `Beginnt ${when} neu, am ${moment}.`,
  until: (date) => `Bis ${date}.`,
  included: (units) => `${units} enthalten.`,
  includedAndMore: (included, more) =>
    more === null
      ? `${included} enthalten, danach Mehrverbrauch ohne Obergrenze.`
      : `${included} enthalten und ${more} Mehrverbrauch zugelassen.`,
  allIncluded: "Beliebig viele sind enthalten.",
  overage: "Mehrverbrauch bisher",
  none: "Keiner",
  neverOver: "Der Tarif enthält beliebig viele, also gibt es nie Mehrverbrauch.",
  notSold: "Der Tarif hat keinen Mehrverbrauch: Beim Enthaltenen ist Schluss.",
  noCap: "ohne Obergrenze",
  capIsZero: (price) => `Aus: Beim Enthaltenen ist Schluss. Er würde je Einheit ${price} kosten.`,
  unitsAtPrice: (units, price) => `${units} zu je ${price}.`,
  seats: "Plätze",
  seatsText: (count, members, pendingCount, pending) =>
    `${members} ${count === 1 ? "Mitglied" : "Mitglieder"}${pendingCount === 0 ? "" : `, ${pending} eingeladen`}.`,
  members: "Mitglieder",
  limits: "Limits",
  explain: "Erklären",
  explainName: (name) => `Erklären: ${name}`,
  dailyLimitReached: (name, used, limit, meter, again) =>
    `${name} hat heute ${used} von ${limit} ${meter} verbraucht. Weitere werden bis ${again} abgewiesen.`,
  hardCapReached: (name, used, limit, meter, again) =>
    `${name} hat ${used} von ${limit} ${meter} dieses Zeitraums verbraucht. Weitere werden bis ${again} abgewiesen.`,
  inOverage: (name, used, included, meter) =>
    `${name} hat ${used} von ${included} enthaltenen ${meter} verbraucht.`,
  overageSoFar: (amount, most) =>
    most === null
      ? `Mehrverbrauch bisher ${amount}, ohne Obergrenze.`
      : `Mehrverbrauch ${amount} von höchstens ${most}.`,
  announce: {
    daily_limit: (meter) => `Das Tageslimit für ${meter} ist erreicht.`,
    hard_cap: (meter) => `Das Limit dieses Zeitraums für ${meter} ist erreicht.`,
    overage: (meter) => `Für ${meter} hat der Mehrverbrauch begonnen.`,
  },
  remedies: {
    upgrade: "Größere Tarife ansehen",
    raise_cap: "Obergrenze erhöhen",
    change_cap: "Obergrenze ändern",
  },
  askOwner: (name) =>
    name === null ? "Bitten Sie den Inhaber, das zu ändern." : `Bitten Sie ${name} (Inhaber), das zu ändern.`,
  trouble: {
    past_due:
      "Eine Zahlung ist überfällig. Bis zum Ende der Frist gelten die Limits des Tarifs; Mehrverbrauch ist gestoppt.",
    restricted:
      "Eine Zahlung ist überfällig, und die Frist ist abgelaufen. Es gelten die Limits des Standardtarifs.",
    suspended: "Das Abonnement ruht. Es gelten die Limits des Standardtarifs.",
  },
  toInvoices: "Rechnung bezahlen",
  toPlan: "Tarif ansehen",
  perDay: (meter) => `${meter} je Tag`,
  runningTotal: (meter) => `${meter} in diesem Zeitraum`,
  range: "Gezeigte Tage",
  days: (count) => `${count} Tage`,
  view: "Ansicht",
  viewDays: "Je Tag",
  viewPeriod: "Laufende Summe",
  tooEarly: "Wohin das führt, lässt sich nach einem vollen Tag Nutzung sagen.",
  forecast: (p) =>
    `Beim Tempo der letzten Tage, ${p.pace} ${p.meter} am Tag, sind es bis ${p.end} etwa ${p.total}.`,
  overageBegins: (date) => `Der Mehrverbrauch beginnt etwa am ${date}.`,
  includedReached: (limit, date) => `Die enthaltenen ${limit} sind etwa am ${date} verbraucht.`,
  capReached: (limit, date) => `Die Obergrenze von ${limit} ist etwa am ${date} erreicht.`,
  capNotReached: (limit) => `Die Grenze von ${limit} wird nicht erreicht.`,
  capIsReached: (limit) => `Die Grenze von ${limit} ist erreicht.`,
  byDay: (meter) => `${meter} nach Tagen`,
  byMember: (meter) => `${meter} nach Mitgliedern`,
  byMemberText: (days) => `Wer was in den letzten ${days} Tagen verursacht hat.`,
  downloadCsv: "CSV herunterladen",
  day: "Tag",
  today: "heute",
  shareOfLimit: "Vom Tageslimit",
  share: "Anteil",
  member: "Mitglied",
  noMember: "Ohne Mitglied",
  formerMember: (end) => `Ein früheres Mitglied (…${end})`,
  nobodyYet: "Für diese Tage gibt es noch keine Summen je Mitglied. Sie folgen den Zählern etwas später.",
  allDays: (count) => `Alle ${count} Tage anzeigen`,
  fewerDays: "Weniger Tage anzeigen",
  first: {
    title: "Das erste Ereignis senden",
    text: "Ihr Backend meldet Headroom, was verbraucht wird, und Headroom antwortet, ob noch Platz ist.",
    way: "Senden mit",
    curl: "curl",
    sdk: "TypeScript",
    makeKey:
      "Legen Sie einen API-Schlüssel an, der Nutzung schreiben darf, und setzen Sie ihn in HEADROOM_API_KEY.",
    askForKey:
      "Bitten Sie einen Admin um einen API-Schlüssel, der Nutzung schreiben darf, und setzen Sie ihn in HEADROOM_API_KEY.",
    toDevelopers: "Zu den API-Schlüsseln",
    send: "Zählen Sie eine Einheit.",
    copy: "Code kopieren",
    waiting: "Das erste Ereignis wird erwartet. Es erscheint hier von selbst.",
  },
  explained,
};
