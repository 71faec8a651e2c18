/** Somebody of the demo, who signs in at the local issuer by this address. */
export interface Person {
  email: string;
  name: string;
}

/** One organization of the demo. */
export interface CastOrganization {
  name: string;
  slug: "acme" | "globex" | "initech";
  /** E-mail addresses of people of the cast. */
  owner: string;
  admins: readonly string[];
  members: readonly string[];
  /** Seats bought on top of the plan's own. */
  seatsBought: number;
}

/** The fourteen people of the demo. */
export const people: readonly Person[] = [
  { email: "ada@acme.test", name: "Ada Lovelace" },
  { email: "edsger@acme.test", name: "Edsger Dijkstra" },
  { email: "barbara@acme.test", name: "Barbara Liskov" },
  { email: "donald@acme.test", name: "Donald Knuth" },
  { email: "margaret@acme.test", name: "Margaret Hamilton" },
  { email: "grace@globex.test", name: "Grace Hopper" },
  { email: "katherine@globex.test", name: "Katherine Johnson" },
  { email: "john@globex.test", name: "John Backus" },
  { email: "radia@globex.test", name: "Radia Perlman" },
  { email: "dennis@globex.test", name: "Dennis Ritchie" },
  { email: "alan@initech.test", name: "Alan Turing" },
  { email: "joan@initech.test", name: "Joan Clarke" },
  { email: "claude@initech.test", name: "Claude Shannon" },
  { email: "hedy@initech.test", name: "Hedy Lamarr" },
];

/** On pro for three months, over what is included, and at its daily limit. */
export const acme: CastOrganization = {
  name: "Acme",
  slug: "acme",
  owner: "ada@acme.test",
  admins: ["edsger@acme.test"],
  members: ["barbara@acme.test", "donald@acme.test", "margaret@acme.test"],
  seatsBought: 3,
};

/** On pro for three months, past due: its card was declined at the last renewal. Margaret helps out there. */
export const globex: CastOrganization = {
  name: "Globex",
  slug: "globex",
  owner: "grace@globex.test",
  admins: ["katherine@globex.test"],
  members: ["john@globex.test", "radia@globex.test", "dennis@globex.test", "margaret@acme.test"],
  seatsBought: 1,
};

/** On a trial of pro, younger than the others. Katherine advises it. */
export const initech: CastOrganization = {
  name: "Initech",
  slug: "initech",
  owner: "alan@initech.test",
  admins: ["joan@initech.test"],
  members: ["claude@initech.test", "hedy@initech.test", "katherine@globex.test"],
  seatsBought: 0,
};

export const organizations: readonly CastOrganization[] = [acme, globex, initech];

/** Whom Acme has invited, who have not answered. */
export const invited: readonly string[] = ["frances@acme.test", "niklaus@acme.test"];

/** Works for the SaaS itself and is in none of its customers' organizations: an operator of the development stack. */
export const operator: Person = { email: "olga@headroom.test", name: "Olga Ladyzhenskaya (operator)" };
