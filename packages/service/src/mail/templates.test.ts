import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MailFacts, type MailTemplate, mailTemplates, renderMail, withoutSecrets } from "./templates.ts";

const console = "https://app.example.com/?a=1&b=2";
const facts: MailFacts = {
  invite: {
    inviteId: "0198c0de-0000-7000-8000-00000000000a",
    version: 1,
    organizationName: "Acme",
    inviterName: "Ada",
    role: "member",
    link: "https://app.example.com/join?token=abc&from=mail",
    expiresAt: "2026-11-29T12:00:00.000Z",
  },
  alert: {
    organizationName: "Acme",
    meter: "Pages",
    threshold: { kind: "percent", value: 80, of: "included" },
    used: 12_500,
    limit: 15_000,
    window: "period",
    resetsAt: "2026-12-01T00:00:00.000Z",
    over: false,
  },
  payment_failed: { organizationName: "Acme", limitsUntil: "2026-11-29T12:00:00.000Z" },
  seat_limit: { organizationName: "Acme", limit: 2, members: 1, pending: 1, upgradePlans: ["Pro", "Max"] },
  trial_ending: { organizationName: "Acme", plan: "Pro", trialEnd: "2026-11-29T12:00:00.000Z" },
};

const render = (template: MailTemplate, changes: object = {}) =>
  renderMail(template, { ...facts[template], ...changes }, console);
const tags = (html: string) => html.match(/<[a-z/!][^>]*>/gi);
const breaks = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

describe("each mail", () => {
  test("says what it is about, as text and as a page", () => {
    expect(render("alert")).toMatchObject({
      subject: "Acme: Pages reached 80 % of the included units",
      text: `Usage of Pages by Acme has reached 12,500 in this period. The alert is set at 80 % of the included units (15,000).

See the usage:
${console}

The count starts again on December 1, 2026 at 12:00 AM UTC.
`,
    });
    const units = { threshold: { kind: "units", value: 9_000 }, limit: null, window: "day" };
    expect(render("alert", units).text).toContain("has reached 12,500 today. The alert is set at 9,000.\n");
    expect(render("alert", { over: true }).text).toContain(
      "reached 12,500 in the period that ended on December 1, 2026 at 12:00 AM UTC.",
    );
    expect(render("alert", { over: true }).text).toContain("The count has started again since.");
    expect(render("payment_failed").text).toContain("limits hold until November 29, 2026 at 12:00 PM UTC.");
    expect(render("payment_failed", { limitsUntil: null }).text).toContain("the plan stays as it is");
    expect(render("trial_ending")).toMatchObject({
      subject: "The trial of Acme ends soon",
      text: expect.stringContaining("The trial of Pro for Acme ends on November 29, 2026 at 12:00 PM UTC."),
    });
    expect(render("seat_limit").text).toContain(
      "Seats: 2. Members: 1. Open invites: 1. More seats: Pro, Max. You get this mail at most once a day.",
    );
    expect(render("seat_limit", { upgradePlans: [] }).text).not.toContain("More seats");
  });

  test.each(mailTemplates)("%s has one link, the same in text, page and variables", (template) => {
    const { text, html, variables } = render(template);
    const link = template === "invite" ? facts.invite.link : console;
    expect(text.split("\n")).toContain(link);
    expect(html.match(/href="[^"]*"/g)).toEqual([`href="${link.replaceAll("&", "&amp;")}"`]);
    expect(Object.keys(variables)).toEqual(["subject", "opening", "action", "link", "closing"]);
    expect(variables.link).toBe(link);
  });

  test.each(mailTemplates)(
    "%s has one subject line and the same tags and lines, whatever the words hold",
    (template) => {
      const usual = render(template);
      const word = fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom(
          "A\r\nBcc: x@y.z",
          `"><script>alert(1)</script>`,
          "<!--",
          "&lt;",
          "\u202eevil",
          "{link}",
        ),
      );
      fc.assert(
        fc.property(word, word, word, (organizationName, other, plan) => {
          const changes = {
            invite: { organizationName, inviterName: other },
            alert: { organizationName, meter: other },
            payment_failed: { organizationName },
            seat_limit: { organizationName, upgradePlans: [other, plan] },
            trial_ending: { organizationName, plan },
          };
          const mail = render(template, changes[template]);
          expect(mail.subject).not.toMatch(breaks);
          expect(tags(mail.html)).toEqual(tags(usual.html));
          expect(mail.text.split("\n")).toHaveLength(usual.text.split("\n").length);
          for (const value of Object.values(mail.variables)) expect(value).not.toMatch(breaks);
        }),
      );
    },
  );

  test("opens web addresses alone, and a break in one ends no line", () => {
    for (const link of ["javascript:alert(1)", "data:text/html,x", "//evil.example", ""]) {
      expect(() => render("invite", { link })).toThrow("web address");
    }
    const mail = render("invite", { link: 'https://app.example.com/\r\nBcc: x@y.z"><b>' });
    expect(mail.text.split("\n")).toHaveLength(render("invite").text.split("\n").length);
    const shape = (html: string) => tags(html)?.map((tag) => tag.replace(/href="[^"]*"/, "href"));
    expect(shape(mail.html)).toEqual(shape(render("invite").html));
  });

  test("leaves nothing that opens anything in what is kept", () => {
    expect(withoutSecrets("invite", facts.invite)).not.toHaveProperty("link");
    expect(withoutSecrets("alert", facts.alert)).toEqual(facts.alert);
  });
});
