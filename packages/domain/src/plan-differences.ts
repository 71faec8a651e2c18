/** One value that differs. `undefined` on a side: it is not there. */
export interface FieldChange {
  /** `seats.included`, `prices[month usd]`. */
  path: string;
  from: unknown;
  to: unknown;
}

/**
 * Every value that differs between two versions of something, in the order of their fields. Prices are told apart by
 * interval and currency, whatever order they are listed in.
 */
export function differencesOf(from: object, to: object): FieldChange[] {
  const [before, after] = [leavesOf("", from), leavesOf("", to)];
  const changes = [...new Set([...before.keys(), ...after.keys()])].flatMap((path) => {
    const change = { path, from: before.get(path), to: after.get(path) };
    return Object.is(change.from, change.to) ? [] : [change];
  });
  // Where the list itself differs, its order does too and tells nothing.
  const lists = changes.map(({ path }) => path.split("[", 1)[0]);
  return changes.filter(({ path }) => !path.endsWith(order) || !lists.includes(path.slice(0, -order.length)));
}

const order = " (order)";

/** `seats.included: 5 → 10`. */
export function describeChange({ path, from, to }: FieldChange): string {
  return `${path}: ${textOf(from)} → ${textOf(to)}`;
}

function textOf(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}

function leavesOf(path: string, value: unknown): Map<string, unknown> {
  if (Array.isArray(value)) {
    const names = value.map(nameOf);
    return new Map([
      ...value.map((one: unknown, at): [string, unknown] => [`${path}[${names[at]}]`, amountIn(one)]),
      [`${path}${order}`, names.join(", ")],
    ]);
  }
  if (value === null || typeof value !== "object") {
    return new Map([[path, value]]);
  }
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return new Map(
    fields.flatMap(([name, field]) => [...leavesOf(path === "" ? name : `${path}.${name}`, field)]),
  );
}

interface Listed {
  interval?: string;
  currency: string;
  unitAmount?: string;
  unitPrice?: string;
}

// The only lists of a plan are lists of prices.
function nameOf(one: unknown): string {
  const { interval, currency } = one as Listed;
  return interval === undefined ? currency : `${interval} ${currency}`;
}

function amountIn(one: unknown): string | undefined {
  const { unitAmount, unitPrice } = one as Listed;
  return unitAmount ?? unitPrice;
}
