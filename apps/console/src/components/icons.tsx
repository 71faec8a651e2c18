import type { ComponentType } from "react";

type IconProps = {
  /** In pixels, both ways. */
  size: number;
};

export type Icon = ComponentType<IconProps>;

/** A line drawing on a square of 24 units. It stands beside words and says nothing that they do not. */
const drawn =
  (path: string): Icon =>
  ({ size }) => (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={2}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={path} />
    </svg>
  );

export const ArrowLeft = drawn("M19 12H5M11 6l-6 6 6 6");
export const ChartColumn = drawn("M4 4v16h16M9 16v-4M13.5 16V8M18 16v-6");
export const Check = drawn("M5 12.5l4.5 4.5L19 7.5");
export const ChevronDown = drawn("M6 9.5l6 6 6-6");
export const ChevronRight = drawn("M9.5 6l6 6-6 6");
export const ChevronsUpDown = drawn("M8 9.5l4-4 4 4M8 14.5l4 4 4-4");
export const Code = drawn("M8.5 7l-5 5 5 5M15.5 7l5 5-5 5");
export const Copy = drawn("M9 9h11v11H9zM5 15V4h10");
export const CreditCard = drawn("M3 6h18v12H3zM3 10.5h18M6.5 14.5h4");
export const Download = drawn("M12 4v11M7 10.5l5 5 5-5M5 20h14");
export const Ellipsis = drawn("M5 12h.01M12 12h.01M19 12h.01");
export const ExternalLink = drawn("M14 4h6v6M20 4l-9 9M18 14v5H5V6h5");
export const FlaskConical = drawn(
  "M9.5 3.5h5M10.5 3.5v6L5 19.5c-.4.8.1 1.5 1 1.5h12c.9 0 1.4-.7 1-1.5l-5.5-10v-6M7.5 15.5h9",
);
export const Gauge = drawn("M5 18.5a9 9 0 1 1 14 0M12 14l4-4.5");
export const Minus = drawn("M5 12h14");
export const Plus = drawn("M12 5v14M5 12h14");
export const ReceiptText = drawn(
  "M6 3.5v17l2-1.3 2 1.3 2-1.3 2 1.3 2-1.3 2 1.3v-17l-2 1.3-2-1.3-2 1.3-2-1.3-2 1.3zM9.5 9.5h5M9.5 13.5h5",
);
export const ScrollText = drawn(
  "M8 3.5h9.5a2 2 0 0 1 2 2V16M8 3.5a2.5 2.5 0 0 0-2.5 2.5v2H10M8 3.5A2.5 2.5 0 0 1 10 6v12.5A2.5 2.5 0 0 0 12.5 21M12.5 21a2.5 2.5 0 0 0 2.5-2.5V17h6.5v1.5a2.5 2.5 0 0 1-2.5 2.5zM13 8h3M13 12h3",
);
export const Settings = drawn(
  "M4 7h9M17 7h3M4 17h3M11 17h9M17 7a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM11 17a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
);
export const ShieldCheck = drawn("M12 3l7 3v5.5c0 4.5-3 7.5-7 9.5-4-2-7-5-7-9.5V6zM9 11.5l2.2 2.2 4-4");
export const UserPlus = drawn(
  "M12.5 8a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0zM3 20c.4-3.6 2.7-5.5 6-5.5s5.6 1.9 6 5.5M18.5 8v6M15.5 11h6",
);
export const Users = drawn(
  "M11.5 8a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0zM2 20c.4-3.6 2.7-5.5 6-5.5s5.6 1.9 6 5.5M15.5 4.8a3.5 3.5 0 0 1 0 6.4M17.5 14.9c2.4.6 4 2.3 4.5 5.1",
);
export const X = drawn("M6 6l12 12M18 6L6 18");
