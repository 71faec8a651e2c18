import { useState } from "react";
import { Link } from "wouter";
import { CopyButton } from "../components/copy-button.tsx";
import { Section } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useMay } from "../organization.tsx";
import { Choices } from "./choices.tsx";

type Way = "curl" | "sdk";

/** Before anything has been counted: how the first event is sent. It goes away by itself when one arrives. */
export default function FirstEvent({ meter }: { meter: string }) {
  const { usage: words } = useMessages();
  const mayMakeKeys = useMay("keys.manage");
  const [way, setWay] = useState<Way>("curl");
  const { origin } = window.location;
  const snippet = way === "curl" ? curlOf(origin, meter) : sdkOf(origin, meter);
  return (
    <Section
      title={words.first.title}
      text={words.first.text}
      actions={
        <Choices
          label={words.first.way}
          value={way}
          options={[
            ["curl", words.first.curl],
            ["sdk", words.first.sdk],
          ]}
          onChange={setWay}
        />
      }
    >
      <ol className="steps">
        <li>
          <p>{mayMakeKeys ? words.first.makeKey : words.first.askForKey}</p>
          <Link className="hr-button" data-kind="primary" href="/developers">
            {words.first.toDevelopers}
          </Link>
        </li>
        <li>
          <p>{words.first.send}</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <pre className="code" tabIndex={0}>
            {snippet}
          </pre>
          <CopyButton text={snippet} label={words.first.copy} />
        </li>
        <li>
          <p>
            <span className="waiting" aria-hidden="true" />
            {words.first.waiting}
          </p>
        </li>
      </ol>
    </Section>
  );
}

function curlOf(origin: string, meter: string): string {
  return [
    `curl "${origin}/v1/usage/consume" \\`,
    `  -H "Authorization: Bearer $HEADROOM_API_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '{"meter": "${meter}", "quantity": 1}'`,
  ].join("\n");
}

function sdkOf(origin: string, meter: string): string {
  return `import { createHeadroomClient, createMeter } from "@headroom/client";

const headroom = createHeadroomClient({
  url: "${origin}",
  apiKey: process.env.HEADROOM_API_KEY ?? "",
});
const meter = createMeter(headroom);
const taken = await meter.consume({ meter: "${meter}", quantity: 1 });
if (taken.source === "fallback") throw new Error("usage cannot be checked now");
if (!taken.allowed) throw new Error(\`\${taken.reason}: try again later\`);`;
}
