import type { ReactNode } from "react";

type Choice = { value: string; label: ReactNode };

/** Several of a list, under a name of their own. */
export function Choices(props: {
  label: string;
  choices: readonly Choice[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
  fault?: string | null;
}) {
  const { chosen, onChange } = props;
  const toggle = (value: string, isChosen: boolean) =>
    onChange(isChosen ? [...chosen, value] : chosen.filter((other) => other !== value));
  return (
    <fieldset className="choices">
      <legend>{props.label}</legend>
      <ul>
        {props.choices.map(({ value, label }) => (
          <li key={value}>
            <label>
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                onChange={({ currentTarget }) => toggle(value, currentTarget.checked)}
              />
              <span>{label}</span>
            </label>
          </li>
        ))}
      </ul>
      {props.fault ? (
        <p className="fault" role="alert">
          {props.fault}
        </p>
      ) : null}
    </fieldset>
  );
}

/** One of few, all of them seen at once. */
export function OneOf(props: {
  label: string;
  name: string;
  choices: readonly Choice[];
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <fieldset className="choices">
      <legend>{props.label}</legend>
      <ul>
        {props.choices.map(({ value, label }) => (
          <li key={value}>
            <label>
              <input
                type="radio"
                name={props.name}
                checked={props.value === value}
                onChange={() => props.onChange(value)}
              />
              <span>{label}</span>
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}
