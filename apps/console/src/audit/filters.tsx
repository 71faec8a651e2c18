import { Button } from "../components/button.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { everything, type Filter } from "./filter.ts";
import { useMembers } from "./people.ts";

/** By what was done, by whom, and when. */
export function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const { audit: words } = useToolMessages();
  const members = useMembers();
  const isSet = Object.values(filter).some((value) => value !== "");
  const set = (field: keyof Filter) => (event: { currentTarget: { value: string } }) =>
    onChange({ ...filter, [field]: event.currentTarget.value });
  const nouns = Object.entries(words.groups);
  const actions = Object.entries(words.actions);
  return (
    <fieldset className="audit-filters">
      <legend className="hr-hidden">{words.filters}</legend>
      <SelectField label={words.action} value={filter.action} onChange={set("action")}>
        <option value="">{words.anyAction}</option>
        {nouns.map(([noun, name]) => (
          <optgroup key={noun} label={name}>
            <option value={`${noun}.*`}>{`${name}: ${words.anyAction}`}</option>
            {actions
              .filter(([action]) => action.startsWith(`${noun}.`))
              .map(([action, text]) => (
                <option key={action} value={action}>
                  {text}
                </option>
              ))}
          </optgroup>
        ))}
      </SelectField>
      <SelectField label={words.actor} value={filter.actorId} onChange={set("actorId")}>
        <option value="">{words.anybody}</option>
        {members.map(({ id, name, email }) => (
          <option key={id} value={id}>
            {name ?? email ?? id}
          </option>
        ))}
        <option value="stripe">{words.systems.stripe}</option>
      </SelectField>
      <TextField label={words.from} type="date" value={filter.from} onChange={set("from")} />
      <TextField label={words.to} type="date" value={filter.to} onChange={set("to")} />
      {isSet ? (
        <Button kind="quiet" onClick={() => onChange(everything)}>
          {words.clear}
        </Button>
      ) : null}
    </fieldset>
  );
}
