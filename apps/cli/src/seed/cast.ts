/** The people of the demonstration organizations, in the order in which they are shown. */
export const people: readonly { email: string; name: string }[] = [
  { email: "ada@acme.test", name: "Ada Lovelace" },
  { email: "charles@acme.test", name: "Charles Babbage" },
  { email: "mary@acme.test", name: "Mary Somerville" },
  { email: "george@acme.test", name: "George Boole" },
  { email: "emmy@acme.test", name: "Emmy Noether" },
  { email: "grace@globex.test", name: "Grace Hopper" },
  { email: "katherine@globex.test", name: "Katherine Johnson" },
  { email: "barbara@globex.test", name: "Barbara Liskov" },
  { email: "edsger@globex.test", name: "Edsger Dijkstra" },
  { email: "alan@initech.test", name: "Alan Turing" },
  { email: "joan@initech.test", name: "Joan Clarke" },
  { email: "claude@initech.test", name: "Claude Shannon" },
  { email: "hedy@initech.test", name: "Hedy Lamarr" },
  { email: "john@initech.test", name: "John von Neumann" },
];
