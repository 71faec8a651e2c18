import type { Configuration, OverageTerms, PlanDefinition, Policies } from "@headroom/domain/configuration";

/** A rule that spans fields is broken at `path`. */
interface Fault {
  path: readonly (string | number)[];
  message: string;
}

/** What breaks the rules that no field can be judged by alone. */
export function findFaults(configuration: Configuration): Fault[] {
  const plans = Object.entries(configuration.plans);
  return [
    ...meterFaults(configuration),
    ...defaultPlanFaults(plans),
    ...plans.flatMap(([id, plan]) =>
      planFaults(plan, Object.keys(configuration.meters)).map((fault) => ({
        ...fault,
        path: ["plans", id, ...fault.path],
      })),
    ),
    ...policyFaults(configuration.policies, plans),
  ];
}

function meterFaults({ meters, defaultMeter }: Configuration): Fault[] {
  return Object.hasOwn(meters, defaultMeter)
    ? []
    : [{ path: ["defaultMeter"], message: `${defaultMeter} is not one of the meters` }];
}

function defaultPlanFaults(plans: [string, PlanDefinition][]): Fault[] {
  const defaults = plans.filter(([, plan]) => plan.default);
  if (defaults.length !== 1) {
    return [{ path: ["plans"], message: `exactly one plan must be the default, ${defaults.length} are` }];
  }
  return defaults.flatMap(([id, plan]) => {
    const faults: Fault[] = [];
    if (plan.prices.length > 0 || plan.seats.prices.length > 0) {
      faults.push({ path: ["plans", id, "prices"], message: "the default plan must be free" });
    }
    if (!plan.active) {
      faults.push({ path: ["plans", id, "active"], message: "the default plan must be active" });
    }
    for (const [meter, terms] of Object.entries(plan.meters)) {
      if (terms.overage) {
        const path = ["plans", id, "meters", meter, "overage"];
        faults.push({ path, message: "nobody could be billed for overage on the default plan" });
      }
    }
    return faults;
  });
}

function planFaults(plan: PlanDefinition, meters: readonly string[]): Fault[] {
  const faults = [...priceFaults(plan)];
  for (const meter of meters.filter((name) => !Object.hasOwn(plan.meters, name))) {
    faults.push({ path: ["meters", meter], message: "is missing: a plan has an entry for every meter" });
  }
  for (const [meter, terms] of Object.entries(plan.meters)) {
    const path = ["meters", meter];
    if (!meters.includes(meter)) {
      faults.push({ path, message: "is not one of the meters" });
    }
    if (terms.overage) {
      const { maxOverage, ceiling } = terms.overage;
      if (terms.included === null) {
        faults.push({ path: [...path, "included"], message: "must be a number where overage is sold" });
      }
      if (ceiling !== null && (maxOverage === null || maxOverage > ceiling)) {
        faults.push({ path: [...path, "overage", "maxOverage"], message: "is above the ceiling" });
      }
      faults.push(
        ...currencyFaults(plan, terms.overage).map((fault) => ({
          ...fault,
          path: [...path, "overage", ...fault.path],
        })),
      );
    }
  }
  return faults;
}

/** An invoice has one currency: whoever can pay for the plan must be able to pay for its overage. */
function currencyFaults({ prices }: PlanDefinition, { currency, otherPrices }: OverageTerms): Fault[] {
  const sold = [...new Set(prices.map((price) => price.currency))];
  const others = otherPrices.map((price) => price.currency);
  const faults: Fault[] = [];
  const notSold = (name: string) => sold.length > 0 && !sold.includes(name);
  if (notSold(currency)) {
    faults.push({ path: ["currency"], message: "must be the currency of one of the plan's prices" });
  }
  for (const missing of sold.filter((name) => name !== currency && !others.includes(name))) {
    const message = `lacks a price in ${missing}: the plan is sold in it, and an invoice has one currency`;
    faults.push({ path: ["otherPrices"], message });
  }
  for (const [index, name] of others.entries()) {
    const path = ["otherPrices", index, "currency"];
    if (name === currency || others.indexOf(name) < index) {
      faults.push({ path, message: `repeats ${name}` });
    } else if (notSold(name)) {
      faults.push({ path, message: `is ${name}, which the plan itself is not sold in` });
    }
  }
  return faults;
}

function priceFaults({ prices, seats }: PlanDefinition): Fault[] {
  const key = (price: { interval: string; currency: string }) => `${price.interval} ${price.currency}`;
  const planKeys = prices.map(key);
  const seatKeys = seats.prices.map(key);
  const faults = [
    ...repeated(planKeys).map((index) => ({
      path: ["prices", index],
      message: `repeats ${planKeys[index]}`,
    })),
    ...repeated(seatKeys).map((index) => ({
      path: ["seats", "prices", index],
      message: `repeats ${seatKeys[index]}`,
    })),
  ];
  if (seatKeys.length > 0) {
    for (const missing of planKeys.filter((planKey) => !seatKeys.includes(planKey))) {
      faults.push({ path: ["seats", "prices"], message: `lacks a price for ${missing}` });
    }
    for (const extra of seatKeys.filter((seatKey) => !planKeys.includes(seatKey))) {
      faults.push({
        path: ["seats", "prices"],
        message: `sells ${extra}, which the plan itself is not sold for`,
      });
    }
  }
  return faults;
}

function repeated(keys: readonly string[]): number[] {
  return keys.flatMap((key, index) => (keys.indexOf(key) < index ? [index] : []));
}

function policyFaults(policies: Policies, plans: [string, PlanDefinition][]): Fault[] {
  const faults: Fault[] = [];
  const refuse = (path: string[], message: string) => faults.push({ path: ["policies", ...path], message });
  if (policies.roles.creator === "admin") {
    const ownerless = "contradicts roles.creator: admin, where no organization has an owner";
    if (policies.seats.basis === "excluding_owner") {
      refuse(["seats", "basis"], ownerless);
    }
    if (policies.ownership.transfer === "owner") {
      refuse(["ownership", "transfer"], ownerless);
    }
  }
  for (const role of ["owner", "admin", "member"].filter((name) => name in policies.roles.aliases)) {
    refuse(["roles", "aliases", role], "a role's own name cannot be an alias");
  }
  if (policies.overage.sink === "meter") {
    if (policies.overage.onPlanChange === "settle") {
      refuse(
        ["overage", "onPlanChange"],
        "cannot be settle with overage.sink: meter: a meter has one price a period",
      );
    }
    for (const [id, { prices, meters }] of plans) {
      const sellsOverage = Object.values(meters).some(({ overage }) => overage !== null);
      if (sellsOverage && prices.some(({ interval }) => interval === "year")) {
        const why = "Stripe would bill its meters once a year";
        refuse(
          ["overage", "sink"],
          `cannot be meter while plan ${id} sells overage and has a yearly price: ${why}`,
        );
      }
    }
  }
  const feature = policies.organizations.createRequires;
  if (feature !== null && !plans.some(([, plan]) => Object.hasOwn(plan.features, feature))) {
    refuse(["organizations", "createRequires"], `no plan has the feature ${feature}`);
  }
  return faults;
}
