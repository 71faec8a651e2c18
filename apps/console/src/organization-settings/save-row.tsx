import { Button } from "../components/button.tsx";
import { useMessages } from "../messages/messages.tsx";

/** Saves what was entered, or forgets it. */
export function SaveRow(props: { changed: boolean; busy: boolean; onDiscard: () => void }) {
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
      </Button>
      {props.changed && !props.busy ? (
        <Button kind="quiet" onClick={props.onDiscard}>
          {settings.discard}
        </Button>
      ) : null}
    </div>
  );
}
