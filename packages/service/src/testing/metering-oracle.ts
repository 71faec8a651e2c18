/**
 * What usage counts, told a second time: from the words of the product alone, without a line of the code it is
 * compared with. It keeps every event and adds them up whenever it is asked; nothing is counted along.
 */
import {
  addMonths,
  dateOf,
  firstOfMonth,
  firstOfNextMonth,
  midnight,
  nextMidnightFrom,
} from "./oracle-time.ts";

export interface Terms {
  dailyLimit: number | null;
  included: number | null;
  overage: { unitPrice: number; maxOverage: number | null; ceiling: number | null } | null;
}

export type Plans = Readonly<Record<string, Readonly<Record<string, Terms>>>>;

export interface Subscription {
  plan: string;
  anchor: number;
  /** Stripe's own period. */
  start: number;
  end: number;
  overageAllowed: boolean;
  limitsUntil: number | null;
}

interface Gate {
  meter: string;
  zone: string;
  date: number;
  dayStart: number;
  dayEnd: number;
  periodStart: number;
  periodEnd: number;
}

export interface OracleEvent {
  place: number;
  meter: string;
  key: string;
  payload: string;
  quantity: number;
  overCap: number;
  occurredAt: number;
  receivedAt: number;
  date: number;
  periodStart: number;
  voids: OracleEvent | null;
}

export interface Hold {
  place: number;
  meter: string;
  quantity: number;
  reservedAt: number;
  expiresAt: number;
  dayStart: number;
  periodStart: number;
  /** The daily limit of then. */
  dailyLimit: number | null;
  status: "held" | "committed" | "released" | "expired";
}

interface Alert {
  place: number;
  meter: string;
  window: "day" | "period";
  units: number | null;
  percent: number | null;
  of: "daily_limit" | "included" | "hard_cap" | null;
}

interface Period {
  meter: string;
  start: number;
  end: number;
  /** In force at its last instant. */
  hardCap: number | null;
  closed: boolean;
  total: number | null;
}

export interface Limits {
  dailyLimit: number | null;
  included: number | null;
  maxOverage: number | null;
  hardCap: number | null;
}

export type Verdict =
  | { outcome: "accepted"; event: OracleEvent; quantity: number; overCap: number }
  | { outcome: "duplicate"; event: OracleEvent; quantity: number; overCap: number }
  | { outcome: "mismatch"; event: OracleEvent }
  | { outcome: "daily_limit" }
  | { outcome: "hard_cap" };

const minute = 60_000;
const day = 1_440 * minute;
const longestMonth = 31 * day + 60 * minute;

export class MeteringOracle {
  zone = "UTC";
  basePlan: string;
  subscription: Subscription | null = null;
  readonly gates = new Map<string, Gate>();
  readonly events: OracleEvent[] = [];
  readonly holds: Hold[] = [];
  readonly alerts: Alert[] = [];
  readonly firings = new Set<string>();
  readonly periods: Period[] = [];
  private readonly maxOverages = new Map<string, { units: number } | { cents: number }>();
  private readonly overrides = new Map<string, { value: number | null; expiresAt: number | null }>();
  private alertsMade = 0;
  private readonly plans: Plans;
  private readonly keys = new Map<string, OracleEvent>();

  constructor(plans: Plans, basePlan: string) {
    this.plans = plans;
    this.basePlan = basePlan;
  }

  /** The limits in force: the subscription's plan while it holds, the operator's override, the organization's overage. */
  limits(meter: string, now: number): Limits {
    const { subscription } = this;
    const holds =
      subscription !== null && (subscription.limitsUntil === null || now < subscription.limitsUntil);
    const terms = this.plans[holds ? subscription.plan : this.basePlan]?.[meter] as Terms;
    const dailyLimit = this.overridden("daily_limit", meter, now, terms.dailyLimit);
    const included = this.overridden("included", meter, now, terms.included);
    const maxOverage = holds && subscription.overageAllowed ? this.maxOverage(meter, terms) : 0;
    const hardCap = included === null || maxOverage === null ? null : included + maxOverage;
    return { dailyLimit, included, maxOverage, hardCap };
  }

  private maxOverage(meter: string, { overage }: Terms): number | null {
    if (overage === null) return 0;
    const own = this.maxOverages.get(meter);
    const wanted =
      own === undefined
        ? overage.maxOverage
        : "units" in own
          ? own.units
          : Math.floor(own.cents / overage.unitPrice);
    if (wanted === null) return overage.ceiling;
    return overage.ceiling === null ? wanted : Math.min(wanted, overage.ceiling);
  }

  private overridden(kind: string, meter: string, now: number, value: number | null): number | null {
    const override = this.overrides.get(`${kind}:${meter}`);
    const stands = override && (override.expiresAt === null || now < override.expiresAt);
    return stands ? override.value : value;
  }

  /** The month that an instant lies in: Stripe's own, the anchor's n-th, or the calendar's. */
  private monthOf(now: number): { start: number; end: number } {
    const { subscription } = this;
    if (subscription === null) {
      const date = dateOf(this.zone, now);
      return {
        start: midnight(this.zone, firstOfMonth(date)),
        end: midnight(this.zone, firstOfNextMonth(date)),
      };
    }
    const { anchor, start, end } = subscription;
    if (start <= now && now < end && end - start <= longestMonth) return { start, end };
    let n = 0;
    while (addMonths(anchor, n + 1) <= now) n += 1;
    while (addMonths(anchor, n) > now) n -= 1;
    return { start: addMonths(anchor, n), end: addMonths(anchor, n + 1) };
  }

  /** The windows as they would stand now; a meter that was never used has them from now on. */
  private seen(meter: string, now: number): Gate {
    const gate = this.gates.get(meter);
    if (gate) {
      const copy = { ...gate };
      this.roll(copy, now, null);
      return copy;
    }
    const date = dateOf(this.zone, now);
    const month = this.monthOf(now);
    return {
      meter,
      zone: this.zone,
      date,
      dayStart: midnight(this.zone, date),
      dayEnd: midnight(this.zone, date + day),
      periodStart: month.start,
      periodEnd: month.end,
    };
  }

  private touch(meter: string, now: number): Gate {
    const gate = this.gates.get(meter) ?? this.seen(meter, now);
    this.gates.set(meter, gate);
    this.roll(gate, now, this.periods);
    return gate;
  }

  /** Windows that have ended give way to the one that holds the instant. Days first. */
  private roll(gate: Gate, now: number, left: Period[] | null): void {
    if (now >= gate.dayEnd) {
      // A new zone's first day starts at its first midnight that is not before the end of the running day, and is a
      // later date: around the date line the same one would come again.
      let next = nextMidnightFrom(this.zone, gate.dayEnd);
      while (dateOf(this.zone, next) <= gate.date) next = nextMidnightFrom(this.zone, next + 1);
      gate.dayEnd = next;
    }
    if (now >= gate.dayEnd) {
      gate.zone = this.zone;
      gate.date = dateOf(this.zone, now);
      gate.dayStart = midnight(this.zone, gate.date);
      gate.dayEnd = midnight(this.zone, gate.date + day);
    }
    if (now < gate.periodEnd) return;
    const running = this.monthOf(gate.periodEnd);
    // The same month in a new zone ends some hours later: it goes on to there, nothing begins for those hours.
    if (running.start < gate.periodEnd && running.end <= gate.periodEnd + 26 * 60 * minute) {
      gate.periodEnd = running.end;
    }
    if (now < gate.periodEnd) return;
    const next = this.monthOf(now);
    const start = Math.max(next.start, gate.periodEnd);
    this.leave(gate, start, left);
    gate.periodStart = start;
    gate.periodEnd = next.end;
  }

  /** Every month up to `until` is left behind, the idle ones too. */
  private leave(gate: Gate, until: number, left: Period[] | null): void {
    let start = gate.periodStart;
    let end = Math.min(gate.periodEnd, until);
    for (;;) {
      const { hardCap } = this.limits(gate.meter, end - 1);
      left?.push({ meter: gate.meter, start, end, hardCap, closed: false, total: null });
      if (end >= until) return;
      start = end;
      end = Math.min(this.monthOf(start).end, until);
    }
  }

  dayUsed(gate: Gate): number {
    return this.sum(gate.meter, (event) => event.date === gate.date);
  }

  periodUsed(gate: Pick<Gate, "meter" | "periodStart">): number {
    return this.sum(gate.meter, (event) => event.periodStart === gate.periodStart);
  }

  private sum(meter: string, counts: (event: OracleEvent) => boolean): number {
    return this.events.reduce(
      (sum, event) => sum + (event.meter === meter && counts(event) ? event.quantity : 0),
      0,
    );
  }

  private held(gate: Gate, now: number): { day: number; period: number } {
    const open = this.holds.filter(
      (hold) => hold.meter === gate.meter && hold.status === "held" && now < hold.expiresAt,
    );
    const sum = (holds: Hold[]) => holds.reduce((total, hold) => total + hold.quantity, 0);
    return {
      day: sum(open.filter((hold) => hold.dayStart === gate.dayStart)),
      period: sum(open.filter((hold) => hold.periodStart === gate.periodStart)),
    };
  }

  /** What `usage.get` shows. */
  status(meter: string, now: number) {
    const gate = this.seen(meter, now);
    const held = this.held(gate, now);
    return {
      dayUsed: this.dayUsed(gate),
      dayHeld: held.day,
      dayEnd: gate.dayEnd,
      date: gate.date,
      periodUsed: this.periodUsed(gate),
      periodHeld: held.period,
      periodStart: gate.periodStart,
      periodEnd: gate.periodEnd,
      ...this.limits(meter, now),
    };
  }

  private rooms(gate: Gate, now: number, place: { inDay: boolean; inPeriod: boolean }) {
    const { dailyLimit, hardCap } = this.limits(gate.meter, now);
    const held = this.held(gate, now);
    const infinite = Number.POSITIVE_INFINITY;
    return {
      day: place.inDay && dailyLimit !== null ? dailyLimit - this.dayUsed(gate) - held.day : infinite,
      period: place.inPeriod && hardCap !== null ? hardCap - this.periodUsed(gate) - held.period : infinite,
    };
  }

  /** Where an event belongs: its own day; its own period while that is open, else the running one. */
  private place(gate: Gate, effective: number) {
    const inDay = effective >= gate.dayStart;
    const own = this.periods.find(
      (period) =>
        period.meter === gate.meter && !period.closed && period.start <= effective && effective < period.end,
    );
    const inPeriod = effective >= gate.periodStart || own === undefined;
    return {
      inDay,
      inPeriod,
      date: inDay ? gate.date : Math.min(dateOf(gate.zone, effective), gate.date - day),
      periodStart: inPeriod ? gate.periodStart : (own?.start ?? gate.periodStart),
    };
  }

  /** A consume, or with `occurredAt` a record. */
  take(
    asked: {
      meter: string;
      quantity: number;
      mode: "reject" | "cap" | "record";
      key: string;
      occurredAt: number | null;
    },
    now: number,
  ): Verdict {
    const { meter, quantity, mode, key, occurredAt } = asked;
    const payload = JSON.stringify([quantity, mode, occurredAt]);
    const gate = this.touch(meter, now);
    const seen = this.keys.get(`${meter}:${key}`);
    if (seen) {
      this.fire(gate, now);
      return seen.payload === payload
        ? { outcome: "duplicate", event: seen, quantity: seen.quantity, overCap: seen.overCap }
        : { outcome: "mismatch", event: seen };
    }
    const place = this.place(gate, occurredAt ?? now);
    const rooms = this.rooms(gate, now, place);
    const taken = mode === "cap" ? Math.max(0, Math.min(quantity, rooms.day, rooms.period)) : quantity;
    if (mode !== "record" && (taken === 0 || taken > rooms.day || taken > rooms.period)) {
      this.fire(gate, now);
      return { outcome: Math.max(taken, 1) > rooms.period ? "hard_cap" : "daily_limit" };
    }
    // What is late is above the cap of its own period.
    const left = place.inPeriod ? rooms.period : this.leftOf(meter, place.periodStart);
    const overCap = Math.max(0, taken - Math.max(0, left));
    const event = this.write(
      gate,
      {
        meter,
        key,
        payload,
        quantity: taken,
        overCap,
        occurredAt: occurredAt ?? now,
        receivedAt: now,
        date: place.date,
        periodStart: place.periodStart,
        voids: null,
      },
      now,
    );
    this.keys.set(`${meter}:${key}`, event);
    return { outcome: "accepted", event, quantity: taken, overCap };
  }

  /** What is left of an ended period below the cap that it ended under. */
  private leftOf(meter: string, start: number): number {
    const { hardCap } = this.periods.find((one) => one.meter === meter && one.start === start) as Period;
    const used = this.periodUsed({ meter, periodStart: start });
    return hardCap === null ? Number.POSITIVE_INFINITY : hardCap - used;
  }

  private write(gate: Gate, event: Omit<OracleEvent, "place">, now: number): OracleEvent {
    const written = { ...event, place: this.events.length };
    this.events.push(written);
    this.fire(gate, now);
    return written;
  }

  reserve(meter: string, quantity: number, seconds: number, now: number): Hold | "daily_limit" | "hard_cap" {
    const gate = this.touch(meter, now);
    const rooms = this.rooms(gate, now, { inDay: true, inPeriod: true });
    this.fire(gate, now);
    if (quantity > rooms.period) return "hard_cap";
    if (quantity > rooms.day) return "daily_limit";
    const hold: Hold = {
      place: this.holds.length,
      meter,
      quantity,
      reservedAt: now,
      expiresAt: now + seconds * 1_000,
      dayStart: gate.dayStart,
      periodStart: gate.periodStart,
      dailyLimit: this.limits(meter, now).dailyLimit,
      status: "held",
    };
    this.holds.push(hold);
    return hold;
  }

  /** Of less, the rest is free again; of more, the difference must fit; too late, it is recorded. */
  commit(
    hold: Hold,
    quantity: number,
    now: number,
  ): {
    outcome: "committed" | "daily_limit" | "hard_cap" | "not_open";
    overCap: number;
    afterExpiry: boolean;
  } {
    const gate = this.touch(hold.meter, now);
    const afterExpiry = hold.status === "expired" || (hold.status === "held" && now >= hold.expiresAt);
    if (!afterExpiry && hold.status !== "held") {
      return { outcome: "not_open", overCap: 0, afterExpiry: false };
    }
    const place = this.place(gate, hold.reservedAt);
    if (afterExpiry) hold.status = "expired";
    const more = quantity - hold.quantity;
    if (!afterExpiry && more > 0) {
      const rooms = this.roomsOfHold(gate, hold, place, now);
      if (more > rooms.period || more > rooms.day) {
        this.fire(gate, now);
        return { outcome: more > rooms.period ? "hard_cap" : "daily_limit", overCap: 0, afterExpiry };
      }
    }
    hold.status = afterExpiry ? "expired" : "committed";
    // What was admitted in the period that it counts in is not above its cap; whatever comes late may be.
    const carried = place.inPeriod && hold.periodStart !== gate.periodStart;
    const rooms = this.rooms(gate, now, place);
    const overCap = afterExpiry || carried ? Math.max(0, quantity - Math.max(0, rooms.period)) : 0;
    hold.status = "committed";
    this.write(
      gate,
      {
        meter: hold.meter,
        key: `res:${hold.place}`,
        payload: "",
        quantity,
        overCap,
        occurredAt: hold.reservedAt,
        receivedAt: now,
        date: place.date,
        periodStart: place.periodStart,
        voids: null,
      },
      now,
    );
    return { outcome: "committed", overCap, afterExpiry };
  }

  /** Room for more than was reserved, in the windows that it counts in: the running ones, or those of then. */
  private roomsOfHold(
    gate: Gate,
    hold: Hold,
    place: { inDay: boolean; inPeriod: boolean; date: number; periodStart: number },
    now: number,
  ) {
    const running = this.rooms(gate, now, place);
    const others = this.holds.filter(
      (one) => one.meter === hold.meter && one !== hold && one.status === "held" && now < one.expiresAt,
    );
    const heldIn = (counts: (one: Hold) => boolean) =>
      others.filter(counts).reduce((sum, one) => sum + one.quantity, 0) + hold.quantity;
    const room = (limit: number | null, used: number, held: number) =>
      limit === null ? Number.POSITIVE_INFINITY : limit - used - held;
    const period = this.periods.find((one) => one.meter === hold.meter && one.start === place.periodStart);
    // A hold of an ended period that is carried into the running one is not held there.
    const carried = place.inPeriod && hold.periodStart !== gate.periodStart;
    return {
      day: place.inDay
        ? running.day
        : room(
            hold.dailyLimit,
            this.sum(hold.meter, (event) => event.date === place.date),
            heldIn((one) => one.dayStart === hold.dayStart),
          ),
      period: place.inPeriod
        ? running.period - (carried ? hold.quantity : 0)
        : room(
            period?.hardCap ?? null,
            this.periodUsed({ meter: hold.meter, periodStart: place.periodStart }),
            heldIn((one) => one.periodStart === hold.periodStart),
          ),
    };
  }

  release(hold: Hold, now: number): boolean {
    this.touch(hold.meter, now);
    if (hold.status !== "held" || now >= hold.expiresAt) return false;
    hold.status = "released";
    return true;
  }

  /** A row that takes back: in the day and the period of the voided one, also when that period is closed. */
  void(event: OracleEvent, now: number): "voided" | "duplicate" {
    const gate = this.touch(event.meter, now);
    if (this.events.some((one) => one.voids === event)) return "duplicate";
    const closed = this.periods.find(
      (period) => period.meter === event.meter && period.closed && period.start === event.periodStart,
    );
    if (closed) closed.total = (closed.total ?? 0) - event.quantity;
    this.write(
      gate,
      {
        meter: event.meter,
        key: `void:${event.place}`,
        payload: "",
        quantity: -event.quantity,
        overCap: -event.overCap,
        occurredAt: event.occurredAt,
        receivedAt: now,
        date: event.date,
        periodStart: event.periodStart,
        voids: event,
      },
      now,
    );
    return "voided";
  }

  /** Fires what its window has reached, once in each. */
  private fire(gate: Gate, now: number): void {
    const limits = this.limits(gate.meter, now);
    for (const alert of this.alerts) {
      if (alert.meter !== gate.meter) continue;
      const threshold = this.threshold(alert, limits);
      const used = alert.window === "day" ? this.dayUsed(gate) : this.periodUsed(gate);
      const start = alert.window === "day" ? gate.dayStart : gate.periodStart;
      if (threshold !== null && used >= threshold) this.firings.add(`${alert.place}@${start}`);
    }
  }

  private threshold({ units, percent, of }: Alert, limits: Limits): number | null {
    if (units !== null) return units;
    const base = { daily_limit: limits.dailyLimit, included: limits.included, hard_cap: limits.hardCap }[
      of ?? "included"
    ];
    return base === null ? null : Math.max(1, Math.ceil((base * (percent ?? 0)) / 100));
  }

  /** Limits have changed: at once, for every meter that is in use; counters stay. */
  private refresh(now: number): void {
    for (const meter of this.gates.keys()) {
      this.follow(this.gates.get(meter) as Gate, now);
      this.fire(this.touch(meter, now), now);
    }
  }

  /** A subscription starts, ends or is re-anchored at `start`: the running period ends there and the next begins. */
  changeSubscription(subscription: Subscription | null, start: number, now: number): void {
    for (const meter of this.gates.keys()) {
      const gate = this.touch(meter, now);
      if (start > gate.periodStart) this.startPeriod(gate, start, start);
    }
    this.subscription = subscription;
    for (const gate of this.gates.values()) gate.periodEnd = this.monthOf(gate.periodStart).end;
    this.refresh(now);
  }

  /** From month to month, each with what was used in it, to the one that runs. */
  private follow(gate: Gate, now: number): void {
    if (this.subscription === null) {
      while (gate.periodEnd <= now) {
        this.startPeriod(gate, gate.periodEnd, this.monthOf(gate.periodEnd).end);
      }
      return;
    }
    const month = this.monthOf(now);
    while (month.start > gate.periodStart) {
      const end = Math.min(Math.max(this.monthOf(gate.periodStart).end, gate.periodEnd), month.start);
      this.startPeriod(gate, end, this.monthOf(end).end);
    }
    gate.periodEnd = month.end;
  }

  private startPeriod(gate: Gate, start: number, end: number): void {
    this.leave(gate, start, this.periods);
    for (const event of this.events) {
      const since = Math.min(event.occurredAt, event.receivedAt);
      if (event.meter === gate.meter && event.periodStart === gate.periodStart && since >= start) {
        event.periodStart = start;
      }
    }
    for (const hold of this.holds) {
      const mine = hold.meter === gate.meter && hold.periodStart === gate.periodStart;
      if (mine && hold.status === "held" && hold.reservedAt >= start) hold.periodStart = start;
    }
    gate.periodStart = start;
    gate.periodEnd = end;
  }

  /** What has ended until now ended in the old zone. */
  changeZone(zone: string, now: number): void {
    if (zone !== this.zone) this.touchAll(now);
    this.zone = zone;
  }

  sellsOverage(meter: string, now: number): boolean {
    const { subscription } = this;
    const holds =
      subscription !== null && (subscription.limitsUntil === null || now < subscription.limitsUntil);
    return this.plans[holds ? subscription.plan : this.basePlan]?.[meter]?.overage !== null;
  }

  /** What has ended until now ended under what held then. */
  private change(now: number, write: () => void): void {
    this.touchAll(now);
    write();
    this.refresh(now);
  }

  /** Other terms of the same subscription. */
  changeTerms(subscription: Subscription, now: number): void {
    this.change(now, () => {
      this.subscription = subscription;
    });
  }

  setOverride(name: string, override: { value: number | null; expiresAt: number | null }, now: number): void {
    this.change(now, () => this.overrides.set(name, override));
  }

  removeOverride(name: string, now: number): boolean {
    const stood = this.overrides.has(name);
    if (stood) this.change(now, () => this.overrides.delete(name));
    return stood;
  }

  setMaxOverage(meter: string, setting: { units: number } | { cents: number } | null, now: number): void {
    this.change(now, () => {
      if (setting === null) this.maxOverages.delete(meter);
      else this.maxOverages.set(meter, setting);
    });
  }

  /** The same alert is one alert. Where it is reached already it fires at once. */
  addAlert(alert: Partial<Alert> & Pick<Alert, "meter" | "window">, now: number): number {
    const { meter, window, units = null, percent = null } = alert;
    const of = percent === null ? null : window === "day" ? "daily_limit" : (alert.of ?? "included");
    const wanted = { meter, window, units, percent, of };
    const same = this.alerts.find(
      (one) => JSON.stringify({ ...one, place: 0 }) === JSON.stringify({ ...wanted, place: 0 }),
    );
    if (same) return same.place;
    const place = this.alertsMade;
    this.alertsMade += 1;
    this.change(now, () => this.alerts.push({ ...wanted, place }));
    return place;
  }

  removeAlert(place: number, now: number): void {
    const at = this.alerts.findIndex((alert) => alert.place === place);
    this.change(now, () => this.alerts.splice(at, 1));
  }

  /** The worker ends the holds whose time is over. */
  expire(now: number): void {
    for (const hold of this.holds) {
      if (hold.status !== "held" || now < hold.expiresAt) continue;
      this.fire(this.touch(hold.meter, now), now);
      hold.status = "expired";
    }
  }

  /** Every gate is locked once, and nothing else happens. */
  touchAll(now: number): void {
    for (const meter of this.gates.keys()) this.fire(this.touch(meter, now), now);
  }

  /** The worker counts the periods that have ended. */
  close(now: number): void {
    for (const [meter, gate] of this.gates) {
      if (now >= gate.periodEnd) this.fire(this.touch(meter, now), now);
    }
    for (const period of this.periods.filter(({ closed }) => !closed)) {
      period.closed = true;
      period.total = this.periodUsed({ meter: period.meter, periodStart: period.start });
    }
  }
}

declare module "vitest" {
  interface ProvidedContext {
    /** How many commands the metering model gets. */
    meteringCommands: number;
    /** How many times everything that changes a gate is let loose on one at once. */
    interleavings: number;
  }
}
