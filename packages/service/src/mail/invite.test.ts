import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderInviteMail } from "./invite.ts";

const facts = {
  inviteId: "0198c0de-0000-7000-8000-00000000000a",
  version: 1,
  organizationName: "Acme",
  inviterName: "Ada",
  role: "member" as const,
  link: "https://app.example.com/join?token=abc&from=mail",
  expiresAt: "2026-11-29T12:00:00.000Z",
};

describe("the invite's mail", () => {
  test("says who, where, as what, until when", () => {
    const { subject, text, html } = renderInviteMail(facts);
    expect(subject).toBe("Join Acme");
    expect(text).toContain("Ada invites you to join Acme as a member.");
    expect(text).toContain(facts.link);
    expect(text).toContain("November 29, 2026");
    expect(html).toContain('href="https://app.example.com/join?token=abc&amp;from=mail"');
    expect(renderInviteMail({ ...facts, inviterName: null, role: "admin" }).text).toContain(
      "You are invited to join Acme as an admin.",
    );
  });

  test("escapes other people's words", () => {
    const { html } = renderInviteMail({ ...facts, organizationName: `<img src=x onerror="alert('1')">&` });
    expect(html).not.toContain("<img");
    expect(html).toContain("&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;");
  });

  test("is one subject line and the same tags, whatever the names hold", () => {
    const tags = (html: string) => html.match(/<[a-z/!][^>]*>/gi);
    const usual = tags(renderInviteMail(facts).html);
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string({ unit: "binary" }),
        (organizationName, inviterName) => {
          const mail = renderInviteMail({ ...facts, organizationName, inviterName });
          expect(mail.subject).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
          expect(tags(mail.html)).toEqual(usual);
        },
      ),
    );
    expect(renderInviteMail({ ...facts, organizationName: "A\r\nBcc: x@y.z" }).subject).toBe(
      "Join A Bcc: x@y.z",
    );
  });
});
