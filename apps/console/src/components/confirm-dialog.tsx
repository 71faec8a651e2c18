import { type FormEvent, type ReactNode, useState } from "react";
import { useMessages } from "../messages/messages.tsx";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { TextField } from "./field.tsx";
import { Failure } from "./states.tsx";

/** Asks before something that cannot be taken back. `typed`: a word that has to be typed first. */
export function ConfirmDialog(props: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  text: ReactNode;
  action: string;
  /** What leaves everything as it is, where "Cancel" could be taken for the act itself. */
  dismiss?: string;
  busy: boolean;
  error: unknown;
  onConfirm: () => void;
  typed?: { label: string; word: string };
  children?: ReactNode;
}) {
  const { common } = useMessages();
  const [entered, setEntered] = useState("");
  const ready = props.typed === undefined || entered === props.typed.word;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready && !props.busy) props.onConfirm();
  };
  return (
    <Dialog open={props.open} onOpenChange={props.onOpenChange} title={props.title} text={props.text}>
      <form className="dialog-form" onSubmit={submit}>
        {props.children}
        {props.typed === undefined ? null : (
          <TextField
            label={props.typed.label}
            value={entered}
            onChange={(event) => setEntered(event.currentTarget.value)}
            autoComplete="off"
          />
        )}
        {props.error ? <Failure error={props.error} /> : null}
        <footer>
          <Button onClick={() => props.onOpenChange(false)}>{props.dismiss ?? common.cancel}</Button>
          <Button type="submit" kind="danger" busy={props.busy} disabled={!ready}>
            {props.action}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
