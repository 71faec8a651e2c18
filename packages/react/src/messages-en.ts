import { people } from "./people-messages-en.ts";
import { pricing } from "./pricing-messages-en.ts";

/** English. Parameters arrive formatted for the reader, beside the number where its grammar depends on it. */
export const en = {
  unlimited: "Unlimited",
  meter: {
    ofLimit: (limit: string) => `of ${limit}`,
    noLimit: "no limit",
    valueText: (used: string, limit: string) => `${used} of ${limit}`,
    reached: "Limit reached",
    held: (units: string) => `${units} more held by open reservations`,
  },
  chart: {
    dayLabel: "Day",
    today: (day: string) => `Today, ${day}`,
    day: (day: string, used: string, share: string | null) =>
      share === null ? `${day}: ${used}` : `${day}: ${used}, ${share} of the daily limit`,
    total: (day: string, total: string, over: string | null) =>
      over === null ? `${day}: ${total} in total` : `${day}: ${total} in total, ${over} of it overage`,
    expected: (day: string, total: string) => `${day}: about ${total} in total, if it goes on like this`,
    dailyLimit: (limit: string) => `Daily limit ${limit}`,
    included: (units: string) => `Included ${units}`,
    hardCap: (units: string) => `Cap ${units}`,
    overage: "Overage",
    aboveLimit: "Above the limit of today",
    projection: "If it goes on like this",
    daysSummary: (meter: string, days: string, most: string) =>
      `${meter} a day over the last ${days} days, at most ${most} in one day`,
    totalSummary: (meter: string, used: string) => `${meter}: running total of the period, ${used} so far`,
    daysCaption: (meter: string) => `${meter} a day. There is no daily limit.`,
    daysCaptionWithLimit: (meter: string) => `${meter} a day. The line is the daily limit of today.`,
    limitOutOfSight: (meter: string, limit: string) =>
      `${meter} a day. The daily limit, ${limit}, is far above what is shown.`,
  },
  overageCap: {
    legend: (meter: string) => `Overage cap for ${meter}`,
    planDefault: "The plan's default",
    defaultNone: (included: string) => `No overage: it stops at the ${included} included.`,
    defaultSome: (units: string) => `Up to ${units} above what is included.`,
    defaultUnlimited: "Any number above what is included.",
    defaultUnknown: "As the plan says.",
    own: "Our own cap",
    ownText: "As many more as you allow, at the unit price.",
    slider: (meter: string) => `Allowed overage of ${meter}`,
    sliderText: (units: string, money: string) => `${units}, at most ${money}`,
    ends: (units: string, money: string) => `${units} · ${money}`,
    units: (meter: string) => `More ${meter} than included`,
    money: (currency: string) => `At most, in ${currency}`,
    unitPrice: (price: string) => `${price} each`,
    ceiling: (units: string) => `The plan allows at most ${units}.`,
    faulty: "Enter a whole number of units, or an amount of money, within what the plan allows.",
    unchanged: "Nothing has been changed",
    save: (meter: string) => `Save cap for ${meter}`,
    stopsAtIncluded: (stopsAt: string, meter: string) =>
      `Stops at the ${stopsAt} included ${meter}. Nothing is billed on top.`,
    stops: (p: { stopsAt: string; meter: string; included: string; more: string; atMost: string }) =>
      `Stops at ${p.stopsAt} ${p.meter}: ${p.included} included and ${p.more} more, at most ${p.atMost} a month on top.`,
    noStop: (meter: string, included: string, price: string) =>
      `Nothing stops it: each of the ${meter} above ${included} costs ${price}.`,
    notThisPeriod: "At this pace it is not reached in this period.",
    reached: (used: string, meter: string) => `${used} ${meter} are used already: more are refused.`,
    reachedAbout: (date: string) => `At this pace it is reached about ${date}.`,
  },
  ...people,
  pricing,
};

/** Every text of the components, in one language. */
export type Messages = typeof en;
