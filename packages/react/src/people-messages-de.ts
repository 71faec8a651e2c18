import type { people as en } from "./people-messages-en.ts";

export const people: typeof en = {
  roles: { owner: "Inhaber", admin: "Admin", member: "Mitglied" },
  seats: {
    taken: (used, limit, count) => `${used} von ${limit} ${count === 1 ? "Platz" : "Plätzen"} belegt`,
    unlimited: (used, count) => `${used} ${count === 1 ? "Platz" : "Plätze"} belegt, ohne Grenze`,
    pending: (pending, count, isCounted) =>
      isCounted
        ? count === 1
          ? "1 durch eine offene Einladung"
          : `${pending} durch offene Einladungen`
        : count === 1
          ? "1 Einladung offen"
          : `${pending} Einladungen offen`,
    free: (free) => `${free} frei`,
    full: "Voll",
    explanation: (countsPending) =>
      countsPending
        ? "Jedes Mitglied belegt einen Platz. Eine Einladung auch, bis sie beantwortet, zurückgezogen oder abgelaufen ist."
        : "Jedes Mitglied belegt einen Platz. Einladungen belegen keinen, bis sie angenommen sind.",
    ownerIsFree: "Der Inhaber belegt keinen.",
    overLimit: "Es gibt mehr Mitglieder als Plätze: Niemand wird entfernt, aber niemand kann beitreten.",
  },
  members: {
    caption: "Mitglieder",
    name: "Name",
    role: "Rolle",
    joined: "Dabei seit",
    actions: "Aktionen",
    you: "Sie",
    roleOf: (name) => `Rolle von ${name}`,
    actionsFor: (name) => `Aktionen für ${name}`,
    remove: (name) => `${name} entfernen`,
    transferTo: (name) => `${name} zum Inhaber machen`,
    leave: "Organisation verlassen",
    refusals: {
      notAllowed: "Das dürfen nur Inhaber und Admins.",
      ownRole: "Niemand ändert die eigene Rolle.",
      isOwner: "Der Inhaber bleibt, bis der Besitz übertragen ist.",
      rank: "Ihre Rolle steht nicht über der dieses Mitglieds.",
      lastOwner: "Die Organisation bliebe ohne Inhaber. Übertragen Sie zuerst den Besitz.",
      lastAdmin: "Die Organisation bliebe ohne Admin. Machen Sie zuerst jemand anderen dazu.",
    },
  },
  invite: {
    organization: "Organisation",
    invitedBy: "Eingeladen von",
    role: "Ihre Rolle",
    address: "Eingeladene Adresse",
    expires: "Offen bis",
    expired: "Abgelaufen",
    decline: "Ablehnen",
    signedInAs: (account) => `Sie sind als ${account} angemeldet.`,
    steps: {
      signIn: ({ organization, email }) => ({
        title: `${organization} beitreten`,
        text: `Melden Sie sich mit ${email} an, der eingeladenen Adresse.`,
        action: "Anmelden und annehmen",
      }),
      accept: ({ organization }) => ({
        title: `${organization} beitreten`,
        text: null,
        action: "Einladung annehmen",
      }),
      otherAddress: ({ email, account }) => ({
        title: "Diese Einladung gilt für eine andere Adresse",
        text: `Sie sind als ${account} angemeldet. Die Einladung gilt für ${email}.`,
        action: "Als jemand anderes anmelden",
      }),
      unverified: ({ account }) => ({
        title: "Bestätigen Sie zuerst Ihre Adresse",
        text: `${account} ist noch nicht bestätigt. Folgen Sie dem Link, den Ihr Anmeldedienst geschickt hat, und melden Sie sich dann erneut an.`,
        action: "Erneut anmelden",
      }),
      full: ({ organization, inviter }) => ({
        title: `${organization} hat keinen freien Platz`,
        text: `Bitten Sie ${inviter ?? "die Person, die Sie eingeladen hat,"} um einen. Ihre Einladung bleibt solange offen.`,
        action: "Erneut versuchen",
      }),
      expired: ({ inviter }) => ({
        title: "Diese Einladung ist abgelaufen",
        text: `Bitten Sie ${inviter ?? "die Person, die Sie eingeladen hat,"}, sie erneut zu senden.`,
        action: "Zum Anfang",
      }),
      accepted: ({ organization }) => ({
        title: "Diese Einladung wurde angenommen",
        text: `Wer sie angenommen hat, ist schon Mitglied von ${organization}.`,
        action: `Zu ${organization}`,
      }),
      declined: ({ organization, inviter }) => ({
        title: "Diese Einladung wurde abgelehnt",
        text: `Wenn Sie ${organization} doch beitreten möchten, bitten Sie ${inviter ?? "die Person, die Sie eingeladen hat,"} um eine neue.`,
        action: "Zum Anfang",
      }),
      gone: () => ({
        title: "Dieser Link gilt nicht mehr",
        text: "Die Einladung wurde zurückgezogen, oder ein neuerer Link hat diesen ersetzt. Suchen Sie nach einer späteren E-Mail, oder fragen Sie die Person, die Sie eingeladen hat.",
        action: "Zum Anfang",
      }),
    },
  },
};
