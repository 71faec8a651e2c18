import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from "react";

type Described = {
  label: string;
  /** What is to be entered, or what it does. */
  hint?: ReactNode;
  /** What is wrong with it. */
  fault?: string | null;
};

/** A labelled control; hint and fault are read with it. */
function Field(props: Described & { id: string; children: ReactNode }) {
  const { id, label, hint, fault, children } = props;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {hint === undefined ? null : (
        <p id={`${id}-hint`} className="hr-muted">
          {hint}
        </p>
      )}
      {fault ? (
        <p id={`${id}-fault`} className="fault" role="alert">
          {fault}
        </p>
      ) : null}
    </div>
  );
}

const describedBy = (id: string, { hint, fault }: Described): string | undefined =>
  [hint === undefined ? null : `${id}-hint`, fault ? `${id}-fault` : null].filter(Boolean).join(" ") ||
  undefined;

export function TextField(props: Described & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  const { label, hint, fault, ...input } = props;
  return (
    <Field id={id} label={label} hint={hint} fault={fault ?? null}>
      <input
        {...input}
        id={id}
        className="hr-input"
        aria-invalid={fault ? true : undefined}
        aria-describedby={describedBy(id, props)}
      />
    </Field>
  );
}

export function SelectField(props: Described & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  const { label, hint, fault, children, ...select } = props;
  return (
    <Field id={id} label={label} hint={hint} fault={fault ?? null}>
      <select
        {...select}
        id={id}
        className="hr-input"
        aria-invalid={fault ? true : undefined}
        aria-describedby={describedBy(id, props)}
      >
        {children}
      </select>
    </Field>
  );
}

export function TextAreaField(props: Described & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId();
  const { label, hint, fault, ...textarea } = props;
  return (
    <Field id={id} label={label} hint={hint} fault={fault ?? null}>
      <textarea
        {...textarea}
        id={id}
        className="hr-input"
        aria-invalid={fault ? true : undefined}
        aria-describedby={describedBy(id, props)}
      />
    </Field>
  );
}
