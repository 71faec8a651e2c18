import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { StripeControls, Walk } from "./controls.ts";
import { sandboxQueries, type useControl } from "./queries.ts";
import { SandboxAnswer, SandboxFailure } from "./sandbox-answer.tsx";
import { stepParts } from "./texts.ts";

export type Advance = ReturnType<typeof useControl<{ to: string } | { by: string }, Walk>>;

const leaps = [
  ["byHour", "1h"],
  ["byDay", "1d"],
  ["byWeek", "7d"],
  ["byMonth", "1 month"],
] as const;

/** The clock that Headroom and the local Stripe share. */
export function Clock({ stripe, advance }: { stripe: StripeControls; advance: Advance }) {
  const { clock: words } = useToolMessages().sandbox;
  const formats = useFormats();
  const clock = useQuery(sandboxQueries.clock(stripe));
  return (
    <Section title={words.title} text={words.text}>
      <SandboxAnswer query={clock}>
        {({ now }) => (
          <div className="sandbox-clock">
            <p>
              <span className="hr-muted small">{words.now}</span>
              <time dateTime={now}>{formats.dateTime(now)}</time>
            </p>
            <div className="actions">
              {leaps.map(([name, by]) => (
                <Button
                  key={by}
                  {...(by === "1d" ? { kind: "primary" as const } : {})}
                  busy={advance.isPending}
                  onClick={() => advance.mutate({ by })}
                >
                  {words[name]}
                </Button>
              ))}
            </div>
          </div>
        )}
      </SandboxAnswer>
      <Walked advance={advance} />
    </Section>
  );
}

/** What the last move came to. */
function Walked({ advance }: { advance: Advance }) {
  const { clock: words } = useToolMessages().sandbox;
  const formats = useFormats();
  const { data: walk } = advance;
  if (advance.isError) return <SandboxFailure error={advance.error} />;
  return (
    <div className="sandbox-walked" role="status">
      {advance.isPending ? (
        <p>
          <span className="sandbox-turning" aria-hidden />
          {words.walking}
        </p>
      ) : null}
      {walk === undefined || advance.isPending ? null : (
        <>
          <p>
            <strong>{words.arrived(formats.dateTime(walk.now))}</strong>{" "}
            {walk.steps.length === 0 ? words.noSteps : words.steps(walk.steps.length)}
          </p>
          {walk.steps.length === 0 ? null : <Steps walk={walk} />}
        </>
      )}
    </div>
  );
}

function Steps({ walk }: { walk: Walk }) {
  const { clock: words } = useToolMessages().sandbox;
  const formats = useFormats();
  return (
    <ol className="sandbox-steps">
      {walk.steps.map(({ at, what }) => {
        const { name, object } = stepParts(what);
        return (
          <li key={`${at} ${what}`}>
            <time dateTime={at} className="hr-muted small">
              {formats.dateTime(at)}
            </time>
            <span>{words.step[name] ?? name}</span>
            {object === null ? null : <code className="hr-muted">{object}</code>}
          </li>
        );
      })}
    </ol>
  );
}
