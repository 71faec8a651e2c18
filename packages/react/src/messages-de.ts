import type { Messages } from "./messages-en.ts";
import { people } from "./people-messages-de.ts";
import { pricing } from "./pricing-messages-de.ts";

export const de: Messages = {
  unlimited: "Unbegrenzt",
  meter: {
    ofLimit: (limit) => `von ${limit}`,
    noLimit: "ohne Limit",
    valueText: (used, limit) => `${used} von ${limit}`,
    reached: "Limit erreicht",
    held: (units) => `${units} weitere durch offene Reservierungen belegt`,
  },
  chart: {
    dayLabel: "Tag",
    today: (day) => `Heute, ${day}`,
    day: (day, used, share) =>
      share === null ? `${day}: ${used}` : `${day}: ${used}, ${share} des Tageslimits`,
    total: (day, total, over) =>
      over === null
        ? `${day}: insgesamt ${total}`
        : `${day}: insgesamt ${total}, davon ${over} Mehrverbrauch`,
    expected: (day, total) => `${day}: insgesamt etwa ${total}, wenn es so weitergeht`,
    dailyLimit: (limit) => `Tageslimit ${limit}`,
    included: (units) => `Enthalten ${units}`,
    hardCap: (units) => `Obergrenze ${units}`,
    overage: "Mehrverbrauch",
    aboveLimit: "Über dem heutigen Limit",
    projection: "Wenn es so weitergeht",
    daysSummary: (meter, days, most) =>
      `${meter} je Tag in den letzten ${days} Tagen, höchstens ${most} an einem Tag`,
    totalSummary: (meter, used) => `${meter}: laufende Summe des Zeitraums, bisher ${used}`,
    daysCaption: (meter) => `${meter} je Tag. Es gibt kein Tageslimit.`,
    daysCaptionWithLimit: (meter) => `${meter} je Tag. Die Linie ist das heutige Tageslimit.`,
    limitOutOfSight: (meter, limit) =>
      `${meter} je Tag. Das Tageslimit von ${limit} liegt weit über dem gezeigten Bereich.`,
  },
  overageCap: {
    legend: (meter) => `Obergrenze des Mehrverbrauchs für ${meter}`,
    planDefault: "Vorgabe des Tarifs",
    defaultNone: (included) => `Kein Mehrverbrauch: Bei den enthaltenen ${included} ist Schluss.`,
    defaultSome: (units) => `Bis zu ${units} über das Enthaltene hinaus.`,
    defaultUnlimited: "Beliebig viele über das Enthaltene hinaus.",
    defaultUnknown: "Wie im Tarif festgelegt.",
    own: "Eigene Obergrenze",
    ownText: "So viele mehr, wie Sie zulassen, zum Stückpreis.",
    slider: (meter) => `Zugelassener Mehrverbrauch von ${meter}`,
    sliderText: (units, money) => `${units}, höchstens ${money}`,
    ends: (units, money) => `${units} · ${money}`,
    units: (meter) => `Mehr ${meter} als enthalten`,
    money: (currency) => `Höchstens, in ${currency}`,
    unitPrice: (price) => `Je ${price}`,
    ceiling: (units) => `Der Tarif lässt höchstens ${units} zu.`,
    faulty: "Geben Sie eine ganze Zahl oder einen Betrag ein, wie der Tarif sie zulässt.",
    unchanged: "Es wurde nichts geändert",
    save: (meter) => `Obergrenze für ${meter} speichern`,
    stopsAtIncluded: (stopsAt, meter) =>
      `Bei den enthaltenen ${stopsAt} ${meter} ist Schluss. Zusätzlich wird nichts berechnet.`,
    stops: (p) =>
      `Bei ${p.stopsAt} ${p.meter} ist Schluss: ${p.included} enthalten und ${p.more} mehr, höchstens ${p.atMost} im Monat zusätzlich.`,
    noStop: (meter, included, price) =>
      `Nichts begrenzt den Verbrauch: Ab ${included} ${meter} kostet jede weitere Einheit ${price}.`,
    notThisPeriod: "Bei diesem Tempo wird sie in diesem Zeitraum nicht erreicht.",
    reached: (used, meter) => `${used} ${meter} sind bereits verbraucht: Weitere werden abgewiesen.`,
    reachedAbout: (date) => `Bei diesem Tempo ist sie etwa am ${date} erreicht.`,
  },
  ...people,
  pricing,
};
