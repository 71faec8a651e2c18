import type { Messages } from "../shape.ts";

export const members: Messages["members"] = {
  title: "Mitglieder",
  invite: "Personen einladen",
  search: "Mitglieder suchen",
  noneFound: (search) => `Niemand heißt hier „${search}“.`,
  showAll: (rest) => `${rest} weitere anzeigen`,
  count: (count, number) => `${count} ${number === 1 ? "Mitglied" : "Mitglieder"}`,
  readOnly: "Inhaber und Admins laden Personen ein, entfernen sie und ändern ihre Rollen.",
  onlyInviters: "Ihre Rolle lädt niemanden ein.",
  full: {
    title: "Alle Plätze sind belegt.",
    mayPay:
      "Wählen Sie einen größeren Tarif oder kaufen Sie einen Platz, ziehen Sie eine Einladung zurück, oder entfernen Sie ein Mitglied.",
    others:
      "Fragen Sie, wer bezahlt, nach einem größeren Tarif oder weiteren Platz, ziehen Sie eine Einladung zurück, oder entfernen Sie ein Mitglied.",
    plan: "Tarife und Plätze ansehen",
    reason: "Alle Plätze sind belegt.",
  },
  roleChange: {
    gives: (name, role) => `${name} die Rolle ${role} geben?`,
    takes: (name, role) => `${name} auf die Rolle ${role} zurücksetzen?`,
    givesText: (name) =>
      `${name} kann dann Personen einladen und entfernen, Rollen ändern, Schlüssel und Webhooks verwalten und das Protokoll lesen.`,
    takesText: (name) =>
      `${name} kann dann keine Personen mehr einladen oder entfernen, keine Rollen ändern, keine Schlüssel und Webhooks verwalten und das Protokoll nicht lesen.`,
    action: (role) => `Zu ${role} ändern`,
    done: (name, role) => `${name}: ${role}`,
  },
  removal: {
    title: (name) => `${name} entfernen?`,
    text: "Der Zugang endet sofort, der Platz wird frei, und persönliche Schlüssel gelten nicht mehr. Was die Person getan hat, bleibt im Protokoll. Sie können sie wieder einladen.",
    action: "Entfernen",
    done: (name) => `${name} wurde entfernt.`,
  },
  leaving: {
    title: (organization) => `${organization} verlassen?`,
    text: "Ihr Zugang endet sofort, und Ihre persönlichen Schlüssel gelten nicht mehr. Zurück kommen Sie nur mit einer neuen Einladung.",
    action: "Verlassen",
    done: (organization) => `Sie haben ${organization} verlassen.`,
  },
  transfer: {
    title: (name) => `${name} zum Inhaber machen?`,
    text: (name) =>
      `${name} hat dann alle Rechte, auch Abrechnung und Löschung. Sie werden Admin und können das nicht zurücknehmen; nur ${name} könnte den Besitz zurückgeben.`,
    action: "Besitz übertragen",
    done: (name) => `Der Besitz liegt jetzt bei ${name}.`,
    disabled: "Hier überträgt der Support den Besitz.",
    ask: (support) => `Schreiben Sie an ${support}.`,
    askSomebody: "Fragen Sie, wer diese Installation betreibt.",
  },
  pending: {
    title: "Offene Einladungen",
    count: (count) => `Offene Einladungen (${count})`,
    none: "Keine Einladung ist offen",
    noneText: "Eingeladene stehen hier, bis sie annehmen.",
    address: "Adresse",
    role: "Rolle",
    delivery: "E-Mail",
    expires: "Läuft ab",
    actions: "Aktionen",
    deliveries: {
      pending: "Wird gesendet",
      sent: "Gesendet",
      failed: "Nicht zugestellt",
      skipped: "Es wurde keine E-Mail gesendet",
    },
    deliveryHelp: {
      pending: null,
      sent: null,
      failed: "Kopieren Sie den Link, oder senden Sie ihn erneut.",
      skipped: "Geben Sie den Link selbst weiter.",
    },
    copy: "Link kopieren",
    copied: "Kopiert",
    resend: "Erneut senden",
    resendTo: (email) => `Erneut senden an ${email}`,
    resent: (email) => `${email} hat einen neuen Link. Der alte gilt nicht mehr.`,
    revoke: "Zurückziehen",
    revokeOf: (email) => `Einladung für ${email} zurückziehen`,
    linkHint:
      "Zur Sicherheit wird ein Link nur gezeigt, wenn er entsteht. Senden Sie eine Einladung erneut, um einen neuen zu erhalten.",
    revoking: {
      title: (email) => `Einladung für ${email} zurückziehen?`,
      text: "Der Link gilt sofort nicht mehr, und sein Platz wird frei.",
      done: (email) => `Die Einladung für ${email} wurde zurückgezogen.`,
    },
  },
  inviting: {
    title: "Personen einladen",
    text: "Jede erhält eine E-Mail mit einem Link, der nur für ihre Adresse gilt.",
    addresses: "E-Mail-Adressen",
    hint: "Mehrere auf einmal: mit Komma, Leerzeichen oder Zeilenende dazwischen.",
    missing: "Geben Sie mindestens eine Adresse ein.",
    placeholder: "ada@example.com, grace@example.com",
    invalid: (words) => `Keine Adresse: ${words}`,
    tooMany: (most) => `Höchstens ${most} Adressen auf einmal.`,
    role: "Rolle",
    roleHint: {
      admin:
        "Admins laden Personen ein und entfernen sie, ändern Rollen und verwalten Schlüssel und Webhooks.",
      member: "Mitglieder nutzen, was der Tarif umfasst, und sehen Mitglieder, Nutzung und Tarif.",
    },
    takes: (count, free, freeNumber) =>
      freeNumber === 1 ? `Belegt ${count} von 1 freien Platz` : `Belegt ${count} von ${free} freien Plätzen`,
    takesUnlimited: (count, number) => `Belegt ${count} ${number === 1 ? "Platz" : "Plätze"}`,
    tooFew: (free, number) =>
      number === 0
        ? "Kein Platz ist frei: Niemand davon kann eingeladen werden."
        : `Nur die ersten ${free} können eingeladen werden. Wählen Sie für die anderen einen größeren Tarif, oder machen Sie Plätze frei.`,
    send: (count, number) => (number > 1 ? `${count} Einladungen senden` : "Einladung senden"),
    sending: "Wird gesendet …",
    results: "Ergebnis",
    invited: (count, number) =>
      number === 1 ? "Eine Person wurde eingeladen." : `${count} Personen wurden eingeladen.`,
    noneInvited: "Niemand wurde eingeladen.",
    joined: "Ist jetzt Mitglied",
    refused: "Nicht eingeladen",
    again: "Weitere einladen",
    done: "Fertig",
    retry: "Zurück zu den Adressen, bei denen es nicht ging",
  },
};
