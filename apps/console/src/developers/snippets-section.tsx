import { useState } from "react";
import { CopyButton } from "../components/copy-button.tsx";
import { Section } from "../components/page.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useOrganization } from "../organization.tsx";
import { snippetNames, snippetOf } from "./snippets.ts";

/** Programs to copy. */
export function Snippets() {
  const { snippets: words } = useToolMessages().developers;
  const { id: organizationId } = useOrganization();
  const [name, setName] = useState(snippetNames[0] ?? "client");
  const code = snippetOf(name, { url: window.location.origin, organizationId });
  return (
    <Section title={words.title} text={words.text} actions={<CopyButton text={code} label={words.copy} />}>
      <fieldset className="developers-tabs">
        <legend className="hr-hidden">{words.label}</legend>
        {snippetNames.map((one) => (
          <label key={one}>
            <input type="radio" name="snippet" checked={one === name} onChange={() => setName(one)} />
            <span>{words[one]}</span>
          </label>
        ))}
      </fieldset>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways has to be reached by keyboard */}
      <section className="code" tabIndex={0} aria-label={words[name]}>
        <pre className="developers-code">
          <code>{code}</code>
        </pre>
      </section>
      <p className="hr-muted small">{name === "webhook" ? words.secretHint : words.keyHint}</p>
    </Section>
  );
}
