import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../components/button.tsx";
import { ExternalLink } from "../components/icons.tsx";
import { Section } from "../components/page.tsx";
import { Empty } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Mail as CapturedMail } from "./controls.ts";
import { sandboxQueries } from "./queries.ts";
import { SandboxAnswer } from "./sandbox-answer.tsx";
import { piecesOf } from "./texts.ts";

const few = 8;

/** Every mail that would have been sent. */
export function Mail({ url }: { url: string }) {
  const { mail: words } = useToolMessages().sandbox;
  const [shown, setShown] = useState(few);
  const query = useQuery(sandboxQueries.mail(url));
  return (
    <Section title={words.title} text={words.text}>
      <SandboxAnswer query={query}>
        {(mails) =>
          mails.length === 0 ? (
            <Empty title={words.empty} text={words.emptyText} />
          ) : (
            <>
              <ul className="sandbox-mails">
                {mails.slice(0, shown).map((mail) => (
                  <li key={mail.id}>
                    <OneMail mail={mail} />
                  </li>
                ))}
              </ul>
              {mails.length > shown ? (
                <p>
                  <Button onClick={() => setShown(shown + 20)}>{words.more}</Button>
                </p>
              ) : null}
            </>
          )
        }
      </SandboxAnswer>
    </Section>
  );
}

function OneMail({ mail }: { mail: CapturedMail }) {
  const { mail: words } = useToolMessages().sandbox;
  const formats = useFormats();
  const pieces = piecesOf(mail.text.trim());
  const first = pieces.find(({ kind }) => kind === "link");
  return (
    <div className="sandbox-mail">
      <details>
        <summary>
          <span className="sandbox-two">
            <strong lang="en">{mail.subject}</strong>
            <span className="hr-muted small">
              {[words.to(mail.to), formats.dateTime(mail.receivedAt)].join(" · ")}
            </span>
          </span>
        </summary>
        <p className="sandbox-mail-text" lang="en">
          {pieces.map(({ kind, text }, place) => {
            const key = `${place} ${text}`;
            return kind === "text" ? (
              <span key={key}>{text}</span>
            ) : (
              <a key={key} href={text} target="_blank" rel="noreferrer">
                {text}
              </a>
            );
          })}
        </p>
      </details>
      {first === undefined ? null : (
        <a
          className="hr-button"
          href={first.text}
          target="_blank"
          rel="noreferrer"
          aria-label={words.openOf(mail.subject, mail.to)}
        >
          {words.open}
          <ExternalLink size={16} />
        </a>
      )}
    </div>
  );
}
