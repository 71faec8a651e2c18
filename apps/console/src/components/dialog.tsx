import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useRef } from "react";
import { useMessages } from "../messages/messages.tsx";
import { X } from "./icons.tsx";

/** A dialog over the page: focus stays in it, Escape closes it. `footer` has its actions, the main one last. */
export function Dialog(props: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** What it is about, in a sentence. */
  text?: ReactNode;
  children?: ReactNode;
  footer?: ReactNode;
}) {
  const { common } = useMessages();
  const from = useRef<Element | null>(null);
  return (
    <Radix.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="dialog-overlay" />
        <Radix.Content
          className="dialog"
          onOpenAutoFocus={() => {
            from.current = document.activeElement;
          }}
          onCloseAutoFocus={(event) => {
            // Radix only knows triggers of its own. What the dialog has removed cannot have the focus again.
            event.preventDefault();
            const back = from.current?.isConnected ? from.current : document.getElementById("content");
            if (back instanceof HTMLElement) back.focus();
          }}
          {...(props.text === undefined ? { "aria-describedby": undefined } : {})}
        >
          <header>
            <Radix.Title>{props.title}</Radix.Title>
            <Radix.Close className="hr-button" data-kind="quiet" aria-label={common.close}>
              <X size={18} />
            </Radix.Close>
          </header>
          {props.text === undefined ? null : (
            <Radix.Description asChild>{<div>{props.text}</div>}</Radix.Description>
          )}
          {props.children}
          {props.footer === undefined ? null : <footer>{props.footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
