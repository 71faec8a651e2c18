import { Slider } from "radix-ui";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { type CapSetting, type CapTerms, effectOf, rangeOf, unitsOf } from "./cap.ts";
import { Choice, NumberField } from "./cap-fields.tsx";
import { amountFor, readMoney, typedMoney } from "./money.ts";
import { daysLater } from "./projection.ts";
import { useFormats, useWords } from "./provider.tsx";

export type OverageCapProps = CapTerms & {
  /** What is counted, as it stands within a sentence: `jobs`. */
  meter: string;
  /** Units of the running period. */
  used: number;
  /** Units a day, as things go; null: too early to tell. */
  pace: number | null;
  /** The moment that it is, and when the period ends. */
  now: Date;
  periodEnd: Date;
  /** What is set now. */
  value: CapSetting;
  /** Why it cannot be changed here; null: it can. */
  reason: string | null;
  /** A change is being saved. */
  busy?: boolean;
  onSave: (setting: CapSetting) => void;
  /** What else belongs to the form, such as that saving failed. */
  children?: ReactNode;
};

/** How much overage is allowed, in units and money at once, with the sentence of what it will do. Nothing acts before it is saved. */
export function OverageCap(props: OverageCapProps) {
  // What somebody else saves meanwhile is shown.
  return <CapForm key={JSON.stringify(props.value)} {...props} />;
}

function CapForm(props: OverageCapProps) {
  const words = useWords().overageCap;
  const group = useId();
  const { value, reason, busy = false, meter } = props;
  const [own, setOwn] = useState(value !== null);
  const [draft, setDraft] = useState<Exclude<CapSetting, null> | "faulty">(
    value ?? { units: props.planDefault ?? 0 },
  );
  const setting = own ? draft : null;
  const faulty = setting === "faulty" || isAbove(setting, props);
  const changed = JSON.stringify(setting) !== JSON.stringify(value);
  const blocked = reason ?? (faulty ? words.faulty : changed ? null : words.unchanged);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (blocked === null && !busy && setting !== "faulty") props.onSave(setting);
  };
  return (
    <form className="hr-cap" onSubmit={submit} noValidate>
      <fieldset disabled={reason !== null}>
        <legend className="hr-hidden">{words.legend(meter)}</legend>
        <Choice name={group} checked={!own} onChoose={() => setOwn(false)} label={words.planDefault}>
          <DefaultText {...props} />
        </Choice>
        <Choice name={group} checked={own} onChoose={() => setOwn(true)} label={words.own}>
          {words.ownText}
        </Choice>
        {own ? <Amount {...props} draft={draft} onDraft={setDraft} /> : null}
      </fieldset>
      <p className="hr-cap-effect" role="status">
        {setting === "faulty" || faulty ? words.faulty : <Effect {...props} setting={setting} />}
      </p>
      {props.children}
      <div className="hr-cap-foot">
        <button
          type="submit"
          className="hr-button"
          data-kind="primary"
          aria-disabled={blocked !== null || busy || undefined}
          aria-busy={busy || undefined}
          title={blocked ?? undefined}
        >
          {words.save(meter)}
          {blocked === null ? null : <span className="hr-hidden">{`(${blocked})`}</span>}
        </button>
        {reason === null ? null : <p className="hr-muted">{reason}</p>}
      </div>
    </form>
  );
}

const isAbove = (setting: CapSetting | "faulty", terms: CapTerms): boolean =>
  setting !== "faulty" && setting !== null && (unitsOf(setting, terms) ?? 0) > (terms.ceiling ?? Infinity);

function DefaultText({ planDefault, included }: CapTerms) {
  const words = useWords().overageCap;
  const formats = useFormats();
  if (planDefault === undefined) return words.defaultUnknown;
  if (planDefault === null) return words.defaultUnlimited;
  return planDefault === 0
    ? words.defaultNone(formats.number(included))
    : words.defaultSome(formats.number(planDefault));
}

function Amount(
  props: OverageCapProps & {
    draft: Exclude<CapSetting, null> | "faulty";
    onDraft: (draft: Exclude<CapSetting, null> | "faulty") => void;
  },
) {
  const { draft, onDraft, currency, unitPrice, value, pace, used, included, meter, ceiling } = props;
  const words = useWords().overageCap;
  const formats = useFormats();
  const units = draft === "faulty" ? null : (unitsOf(draft, props) ?? null);
  const left = (props.periodEnd.getTime() - props.now.getTime()) / 86_400_000;
  const expected = Math.max(0, used + (pace ?? 0) * left - included);
  const { max, step } = rangeOf(props, { set: value === null ? 0 : (unitsOf(value, props) ?? 0), expected });
  const decimal = formats.number(1.5).includes(",") ? "," : ".";
  // What is being typed stays as typed; the other field follows it.
  const [typed, setTyped] = useState<{ field: "units" | "money"; text: string } | null>(null);
  const money =
    draft === "faulty" ? null : "cents" in draft ? draft.cents : amountFor(draft.units, unitPrice);
  const shown = (field: "units" | "money", text: string) => (typed?.field === field ? typed.text : text);
  return (
    <div className="hr-cap-amount">
      <Slider.Root
        className="hr-slider"
        value={[Math.min(units ?? 0, max)]}
        min={0}
        max={max}
        step={step}
        disabled={props.reason !== null}
        onValueChange={([next = 0]) => {
          setTyped(null);
          onDraft({ units: next });
        }}
      >
        <Slider.Track className="hr-slider-track">
          <Slider.Range className="hr-slider-range" />
        </Slider.Track>
        <Slider.Thumb
          className="hr-slider-thumb"
          aria-label={words.slider(meter)}
          aria-valuetext={words.sliderText(
            formats.number(units ?? 0),
            formats.money(amountFor(units ?? 0, unitPrice), currency),
          )}
        />
      </Slider.Root>
      <div className="hr-cap-ends hr-muted" aria-hidden="true">
        <span>{formats.number(0)}</span>
        <span>{words.ends(formats.number(max), formats.money(amountFor(max, unitPrice), currency))}</span>
      </div>
      <div className="hr-cap-fields">
        <NumberField
          label={words.units(meter)}
          hint={ceiling === null ? null : words.ceiling(formats.number(ceiling))}
          value={shown("units", units === null ? "" : String(units))}
          invalid={(draft === "faulty" && typed?.field === "units") || isAbove(draft, props)}
          onChange={(text) => {
            setTyped({ field: "units", text });
            onDraft(/^\d{1,15}$/.test(text.trim()) ? { units: Number(text) } : "faulty");
          }}
        />
        <NumberField
          label={words.money(currency.toUpperCase())}
          hint={words.unitPrice(formats.unitPrice(unitPrice, currency))}
          value={shown("money", money === null ? "" : typedMoney(money, currency, decimal))}
          invalid={draft === "faulty" && typed?.field === "money"}
          onChange={(text) => {
            setTyped({ field: "money", text });
            const cents = readMoney(text, currency);
            onDraft(cents === null ? "faulty" : { cents });
          }}
        />
      </div>
    </div>
  );
}

/** What the setting will do, in words. */
function Effect(props: OverageCapProps & { setting: CapSetting }) {
  const { used, pace, now, periodEnd, included, meter, currency, unitPrice, setting } = props;
  const words = useWords().overageCap;
  const formats = useFormats();
  const left = (periodEnd.getTime() - now.getTime()) / 86_400_000;
  const { more, stopsAt, atMost, days } = effectOf(setting, props, { used, pace, left });
  if (more === undefined || stopsAt === undefined) return words.defaultUnknown;
  const price = formats.unitPrice(unitPrice, currency);
  if (more === null || stopsAt === null) return words.noStop(meter, formats.number(included), price);
  const what =
    more === 0
      ? words.stopsAtIncluded(formats.number(stopsAt), meter)
      : words.stops({
          stopsAt: formats.number(stopsAt),
          meter,
          included: formats.number(included),
          more: formats.number(more),
          atMost: formats.money(atMost ?? 0, currency),
        });
  const when =
    days === undefined
      ? null
      : days === null
        ? words.notThisPeriod
        : days === 0
          ? words.reached(formats.number(used), meter)
          : words.reachedAbout(formats.date(daysLater(now, days)));
  return when === null ? what : `${what} ${when}`;
}
