import type { ToolMessages } from "../shape.ts";

export const sandbox: ToolMessages["sandbox"] = {
  title: "Sandbox",
  text: "Ein eigenes Stripe, eine Uhr und ein Postfach. Nichts davon verlässt diesen Rechner; in Produktion gibt es diese Seite nicht.",
  noStripe: {
    title: "Dieser Stack spricht mit Stripe selbst",
    text: "Uhr, Ereignisse und scheiternde Zahlungen gehören zum lokalen Stripe. Starten Sie ohne STRIPE_SECRET_KEY, um es zu haben.",
  },
  noMail: {
    title: "E-Mails gehen an Ihren eigenen Server",
    text: "Starten Sie ohne SMTP_URL, um sie hier aufzufangen.",
  },
  noAnswer: "Die Sandbox antwortet nicht. Läuft der Stack noch?",
  refused: (why) => `Die Sandbox lehnt ab: ${why}`,
  clock: {
    title: "Uhr",
    text: "Headroom und Stripe teilen sich eine Uhr. Stellen Sie sie vor, geschieht der Reihe nach alles, was unterwegs fällig wird: Verlängerungen, neue Zahlungsversuche, Testphasen, Tageslimits. Zurück geht sie nie.",
    now: "Jetzt ist",
    byHour: "+1 Stunde",
    byDay: "+1 Tag",
    byWeek: "+7 Tage",
    byMonth: "+1 Monat",
    walking: "Die Uhr läuft vor. Auf jeden Webhook unterwegs wird gewartet; das kann einige Sekunden dauern.",
    arrived: (time) => `Jetzt ist ${time}.`,
    steps: (count) =>
      count === 1 ? "1 Sache wurde unterwegs fällig" : `${count} Dinge wurden unterwegs fällig`,
    noSteps: "Unterwegs wurde nichts fällig.",
    step: {
      "trial ends soon": "Hinweis, dass eine Testphase bald endet",
      "subscription ends": "Ein Abonnement endete",
      "subscription renews": "Ein Abonnement verlängerte sich",
      "incomplete subscription expires": "Ein nie bezahltes Abonnement verfiel",
      "invoice is finalized": "Eine Rechnung wurde ausgestellt und eingezogen",
      "payment is tried again": "Eine Zahlung wurde erneut versucht",
      "checkout session expires": "Ein Checkout verfiel",
      "invoice is past its due date": "Eine Rechnung überschritt ihre Fälligkeit",
    },
  },
  subscriptions: {
    title: "Abonnements",
    text: "Springen Sie dorthin, wo Geld fließt: eine Stunde danach, wenn Stripe die Rechnung ausgestellt und eingezogen hat.",
    caption: "Abonnements, die nicht beendet sind",
    customer: "Kunde",
    status: "Status",
    renews: "Zeitraum endet",
    trial: "Testphase endet",
    go: "Uhr vorstellen",
    ends: (date) => `Endet ${date}`,
    toRenewal: "Zur Verlängerung",
    toRenewalOf: (customer) => `Zur Verlängerung von ${customer}`,
    toTrialEnd: "Zum Ende der Testphase",
    toTrialEndOf: (customer) => `Zum Ende der Testphase von ${customer}`,
    statuses: {
      active: "Aktiv",
      trialing: "Testphase",
      past_due: "Überfällig",
      incomplete: "Unvollständig",
      unpaid: "Unbezahlt",
      paused: "Pausiert",
    },
    empty: "Noch keine Abonnements",
    emptyText:
      "Wechseln Sie für eine Organisation auf der Seite „Tarif“ den Tarif; der Checkout dort nimmt keine echte Karte.",
  },
  payments: {
    title: "Die nächste Zahlung scheitern lassen",
    text: "Nur Zahlungen, die die Uhr einzieht, scheitern: Verlängerungen und ihre erneuten Versuche. Was jemand sofort bezahlt, im Checkout oder bei einem Tarifwechsel, richtet sich nach der Karte: Wählen Sie dort die abgelehnte.",
    whose: "Von wem",
    anybody: "Von irgendwem",
    times: "Wie viele hintereinander",
    timesHint: "Stripe versucht es nach 3, 5 und 7 Tagen erneut.",
    fail: "Scheitern lassen",
    none: "Keine Zahlung ist zum Scheitern vorgemerkt.",
    next: (whose, _times, count) =>
      count === 1
        ? `${whose}: Die nächste Zahlung scheitert.`
        : `${whose}: Die nächsten ${count} Zahlungen scheitern.`,
    forget: "Zahlungen wieder gelingen lassen",
  },
  events: {
    title: "Ereignisse von Stripe",
    text: "Stellen Sie sie erneut, doppelt oder in falscher Reihenfolge zu: Jedes wirkt einmal, und der Stand wird bei Stripe gelesen. Deshalb ändert sich nichts.",
    caption: "Von Stripe gesendete Ereignisse, die neuesten zuerst",
    choose: "Auswahl",
    chooseOne: (type, time) => `${type} vom ${time} auswählen`,
    type: "Ereignis",
    when: "Wann",
    delivery: "Zustellung",
    actions: "Aktionen",
    states: {
      pending: "Unterwegs",
      delivered: "Zugestellt",
      failed: "Gescheitert",
      unheard: "Kein Empfänger",
    },
    attempts: (_count, count) => (count === 1 ? "1 Versuch" : `${count} Versuche`),
    last: (result) => `letzte Antwort ${result}`,
    resend: "Erneut senden",
    resendOne: (type, time) => `Erneut senden: ${type} vom ${time}`,
    resent: (type) => `${type} ist wieder unterwegs.`,
    chosen: (_count, count) =>
      count === 0
        ? "Wählen Sie Ereignisse aus, um sie erneut zuzustellen."
        : count === 1
          ? "1 Ereignis ausgewählt"
          : `${count} Ereignisse ausgewählt`,
    twice: "Doppelt zustellen",
    reverse: "In umgekehrter Reihenfolge zustellen",
    chooseFirst: "Wählen Sie zuerst ein Ereignis aus",
    chooseTwo: "Wählen Sie mindestens zwei Ereignisse aus",
    chooseLatest: "Die neuesten 5 auswählen",
    clear: "Auswahl aufheben",
    done: (count, accepted) =>
      count === accepted
        ? `${count} Zustellungen, alle angenommen. Tarife, Plätze und Zähler sind, wie sie waren: Sehen Sie auf jeder Seite nach.`
        : `${count} Zustellungen, ${accepted} angenommen.`,
    more: "Ältere Ereignisse anzeigen",
    empty: "Noch keine Ereignisse",
    emptyText: "Sie erscheinen, sobald jemand einen Checkout beginnt.",
  },
  mail: {
    title: "E-Mails",
    text: "Jede E-Mail, die verschickt worden wäre, die neueste zuerst.",
    to: (address) => `an ${address}`,
    open: "Link öffnen",
    openOf: (subject, address) => `Link öffnen: „${subject}“ an ${address}`,
    empty: "Noch keine E-Mails",
    emptyText: "Laden Sie auf der Seite „Mitglieder“ jemanden ein; die Einladung kommt hier an.",
    more: "Ältere E-Mails anzeigen",
  },
  raw: {
    title: "Hinter dieser Seite",
    mail: "Das Postfach als Seite",
    events: "Ereignisse als JSON",
    subscriptions: "Abonnements als JSON",
    requests: "Anfragen an das lokale Stripe als JSON",
  },
};
