import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useMemo, useState } from "react";
import { useTRPC } from "../api.ts";
import { SelectField, TextField } from "../components/field.tsx";
import { Section } from "../components/page.tsx";
import { Failure } from "../components/states.tsx";
import { faultOf } from "../failures.ts";
import { useMessages } from "../messages/messages.tsx";
import { useMay, useOrganization } from "../organization.tsx";
import { localeOf } from "../preferences.ts";
import { useSurroundings } from "../surroundings.tsx";
import { SaveRow } from "./save-row.tsx";
import { useSaved } from "./saved.ts";
import { groupZones, timeThere } from "./time-zones.ts";

/** When the organization's days begin, and where its invoices go. */
export function Practical() {
  const { settings: texts } = useMessages();
  const { id: organizationId, settings } = useOrganization();
  const may = useMay("organization.update");
  const saved = useSaved();
  const [zone, setZone] = useState<string | null>(null);
  const [email, setEmail] = useState<string | null>(null);
  const forget = () => {
    setZone(null);
    setEmail(null);
  };
  const update = useMutation(
    useTRPC().organizations.update.mutationOptions({
      onSuccess: async (changed) => {
        await saved(changed);
        forget();
      },
    }),
  );
  const changes = {
    ...(zone === null || zone === settings.timeZone ? {} : { timeZone: zone }),
    ...(email === null || email === (settings.billingEmail ?? "")
      ? {}
      : { billingEmail: email.trim() === "" ? null : email }),
  };
  const changed = Object.keys(changes).length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (may && changed && !update.isPending) update.mutate({ organizationId, settings: changes });
  };
  const emailFault =
    faultOf(update.error, "settings.billingEmail") === null ? null : texts.faults.billingEmail;
  const zoneFault = faultOf(update.error, "settings.timeZone") === null ? null : texts.faults.timeZone;
  const isFault = emailFault !== null || zoneFault !== null;
  return (
    <Section title={texts.practical.title} text={may ? undefined : texts.notYours}>
      <form className="stack narrow" onSubmit={submit}>
        <ZoneField
          zone={zone ?? settings.timeZone}
          changed={changes.timeZone !== undefined}
          onZone={setZone}
          disabled={!may}
          fault={zoneFault}
        />
        <TextField
          label={texts.practical.billingEmail}
          hint={texts.practical.billingEmailHint}
          type="email"
          value={email ?? settings.billingEmail ?? ""}
          onChange={(event) => setEmail(event.currentTarget.value)}
          disabled={!may}
          maxLength={254}
          autoComplete="off"
          fault={emailFault}
        />
        {update.isError && !isFault ? <Failure error={update.error} /> : null}
        {may ? (
          <SaveRow
            what={texts.practical.title}
            changed={changed}
            busy={update.isPending}
            onDiscard={forget}
          />
        ) : null}
      </form>
    </Section>
  );
}

function ZoneField(props: {
  zone: string;
  changed: boolean;
  onZone: (zone: string) => void;
  disabled: boolean;
  fault: string | null;
}) {
  const { practical } = useMessages().settings;
  const { language } = useSurroundings();
  const locale = localeOf(language);
  const { timeZone } = useOrganization().settings;
  const groups = useMemo(
    () => groupZones(Intl.supportedValuesOf("timeZone"), timeZone, locale),
    [timeZone, locale],
  );
  const now = practical.timeNow(timeThere(props.zone, new Date(), locale));
  return (
    <SelectField
      label={practical.timeZone}
      hint={`${now} ${props.changed ? practical.timeZoneChange : practical.timeZoneHint}`}
      value={props.zone}
      onChange={(event) => props.onZone(event.currentTarget.value)}
      disabled={props.disabled}
      fault={props.fault}
    >
      {groups.map(({ region, zones }) => (
        <optgroup key={region} label={region === "" ? practical.worldTime : region}>
          {zones.map(({ zone, city }) => (
            <option key={zone} value={zone}>
              {city}
            </option>
          ))}
        </optgroup>
      ))}
    </SelectField>
  );
}
