import { type ReactNode, useId } from "react";

/** One of several ways, with what it means. */
export function Choice(props: {
  name: string;
  checked: boolean;
  onChoose: () => void;
  label: string;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <div className="hr-cap-choice">
      <input
        type="radio"
        id={id}
        name={props.name}
        checked={props.checked}
        onChange={props.onChoose}
        aria-describedby={`${id}-text`}
      />
      <div>
        <label htmlFor={id}>{props.label}</label>
        <p id={`${id}-text`} className="hr-muted">
          {props.children}
        </p>
      </div>
    </div>
  );
}

/** A labelled field for a number or an amount. */
export function NumberField(props: {
  label: string;
  hint: string | null;
  value: string;
  invalid: boolean;
  onChange: (text: string) => void;
}) {
  const id = useId();
  return (
    <div className="hr-cap-field">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        className="hr-input"
        inputMode="decimal"
        autoComplete="off"
        value={props.value}
        aria-invalid={props.invalid || undefined}
        aria-describedby={props.hint === null ? undefined : `${id}-hint`}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      />
      {props.hint === null ? null : (
        <p id={`${id}-hint`} className="hr-muted">
          {props.hint}
        </p>
      )}
    </div>
  );
}
