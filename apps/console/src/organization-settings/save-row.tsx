import { Button } from "../components/button.tsx";
import { useMessages } from "../messages/messages.tsx";

/** Saves what was entered, or forgets it. */
export function SaveRow(props: {
  /** What is saved: two of these stand on a page. */
  what: string;
  changed: boolean;
  busy: boolean;
  onDiscard: () => void;
}) {
  const { common, settings } = useMessages();
  return (
    <div className="actions">
      <Button
        type="submit"
        kind="primary"
        busy={props.busy}
        reason={props.changed ? null : settings.nothingChanged}
      >
        {props.busy ? common.saving : common.save}
        <span className="hr-hidden">{props.what}</span>
      </Button>
      {props.changed && !props.busy ? (
        <Button kind="quiet" onClick={props.onDiscard}>
          {settings.discard}
        </Button>
      ) : null}
    </div>
  );
}
