import { escapeHtml, renderPage } from "../page.ts";
import type { Person } from "./tokens.ts";

type Known = { email: string; name: string };

export type SignInForm = {
  people: readonly Known[];
  /** The address that the program expects, empty for none. */
  hint: string;
  /** What was wrong with the last answer. */
  problem: string | null;
  /** The last answer, to be corrected. */
  filled: Person | null;
};

const style = `
ul { list-style: none; margin: 1rem 0; padding: 0; display: grid; gap: .5rem }
li form, li button { width: 100% }
li button { display: flex; flex-wrap: wrap; gap: 0 .5rem; justify-content: space-between; text-align: start }
form.other { display: grid; gap: .75rem }
label { display: block; font-weight: 600 }
label.check { display: flex; gap: .5rem; align-items: center; font-weight: 400; min-height: 2rem }
[role=alert] { border-inline-start: .25rem solid currentcolor; padding-inline-start: .75rem }
`;

const entry = (
  { email, name }: Known,
  isHinted: boolean,
  isFirst: boolean,
): string => `<li><form method="post">
<input type="hidden" name="email" value="${escapeHtml(email)}">
<input type="hidden" name="name" value="${escapeHtml(name)}">
<input type="hidden" name="verified" value="yes">
<button type="submit"${isHinted ? ` class="main"${isFirst ? " autofocus" : ""}` : ""}><span>${escapeHtml(name)}</span>
<span${isHinted ? "" : ' class="quiet"'}>${escapeHtml(email)}</span></button>
</form></li>`;

/** Who signs in: one of the known people by one button, the expected one first, or anybody by address. */
export const signInPage = ({ people, hint, problem, filled }: SignInForm): string => {
  const isHinted = ({ email }: Known): boolean => email.toLowerCase() === hint.toLowerCase();
  const ordered = [...people.filter(isHinted), ...people.filter((person) => !isHinted(person))];
  const isKnown = people.some(isHinted);
  const email = filled?.email ?? (isKnown ? "" : hint);
  const isVerified = filled?.emailVerified ?? true;
  const content = `<p class="quiet">This issuer belongs to the development stack: it asks for no password.</p>
<ul>${ordered.map((person) => entry(person, isHinted(person), problem === null)).join("\n")}</ul>
<h2>Somebody else</h2>
${problem === null ? "" : `<p role="alert" id="problem">${escapeHtml(problem)}</p>`}
<form method="post" class="other">
<div><label for="email">E-mail address</label>
<input type="email" id="email" name="email" autocomplete="off" required value="${escapeHtml(email)}"${problem === null ? "" : ' aria-invalid="true" aria-describedby="problem" autofocus'}></div>
<div><label for="name">Name</label>
<input type="text" id="name" name="name" autocomplete="off" value="${escapeHtml(filled?.name ?? "")}"></div>
<label class="check"><input type="checkbox" name="verified" value="yes"${isVerified ? " checked" : ""}> The address is verified</label>
<button type="submit" class="main">Sign in</button>
</form>`;
  return renderPage("Sign in to Headroom", content, style);
};

/** One thing to know, with nothing to do here. */
export const messagePage = (title: string, text: string): string =>
  renderPage(title, `<p>${escapeHtml(text)}</p>`);

/** Ends the session at once; without scripts by a button. The form comes from the provider. */
export const signOutPage = (form: string): string =>
  renderPage(
    "Sign out",
    `${form}<input type="hidden" name="logout" value="yes" form="op.logoutForm">
<button type="submit" class="main" form="op.logoutForm">Sign out</button>
<script>document.getElementById("op.logoutForm").submit()</script>`,
  );
