import { useFormats } from "@headroom/react";
import type { Preview } from "../billing/managing.ts";
import { useMessages } from "../messages/messages.tsx";

/** What a change costs now and with the next invoice, and how that adds up. */
export function PreviewMoney({ preview }: { preview: Preview }) {
  const { change } = useMessages().plan;
  const formats = useFormats();
  const { currency, dueNow, next, lines, effectiveAt } = preview;
  if (currency === null) return <p>{change.freeToFree}</p>;
  return (
    <section className="preview-money" aria-labelledby="preview-money">
      <h3 id="preview-money">{change.money}</h3>
      <dl>
        <div>
          <dt>{change.dueNow}</dt>
          <dd>{formats.money(dueNow, currency)}</dd>
        </div>
        {next === null ? null : (
          <div>
            <dt>{change.next(formats.date(next.at))}</dt>
            <dd>{formats.money(next.total, currency)}</dd>
          </div>
        )}
      </dl>
      {lines.length === 0 ? null : (
        <details>
          <summary>{change.lines}</summary>
          <ul className="lines">
            {lines.map((line, at) => (
              // Lines have no id, and two may say the same.
              // biome-ignore lint/suspicious/noArrayIndexKey: the list is shown once and never reordered
              <li key={at}>
                <span>{line.description}</span>
                <span>{formats.money(line.amount, currency)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <p className="hr-muted small">
        {next === null ? change.noNext : effectiveAt === null ? change.beforeTax : change.withoutOverage}
      </p>
    </section>
  );
}
