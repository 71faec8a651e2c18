/** Why a number is what it is: a stable code for programs, and a sentence for people. */
export interface Rule<Code extends string = string> {
  code: Code;
  text: string;
}

/** `1 unit`, `2 units`. */
export function unitsOf(count: number): string {
  return `${count} ${count === 1 ? "unit" : "units"}`;
}
