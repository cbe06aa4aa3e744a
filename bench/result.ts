/** The results of benchmarks, and their table. */

/** One row of the table. */
export interface Result {
  readonly name: string;
  /** The median of the runs. */
  readonly value: number;
  readonly unit: string;
  /** The median of what it is compared with, in the same unit and the same invocation. */
  readonly reference: number | null;
  /** The median of the ratios, run by run. */
  readonly ratio: number | null;
  /** What `ratio` must reach, or without a reference what `value` must not exceed. */
  readonly goal: number | null;
  /** With a reference: the ratio must not exceed the goal. */
  readonly isLimit?: boolean;
  readonly met: boolean | null;
  /** The reference, and further conditions. Not in the JSON. */
  readonly note: string;
}

/** The number of runs, and whether they are short. */
export interface Effort {
  readonly runs: number;
  readonly quick: boolean;
}

/** Measures one or more rows that share their runs. */
export interface Benchmark {
  /** For `--only`. */
  readonly name: string;
  readonly measure: (effort: Effort) => Promise<readonly Result[]>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? NaN;
  return (lower + upper) / 2;
}

/** A value at a part of a sorted list: 0.99 for the 99th percentile. */
export function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? NaN;
}

type GoalOf = Pick<Result, "unit" | "ratio" | "goal"> & { readonly isLimit: boolean | undefined };
type Named = Pick<Result, "name" | "unit" | "note">;

/** Values against references of the same runs; the ratio should reach the goal. */
export function compared(
  named: Named,
  values: readonly number[],
  references: readonly number[],
  goal: number | null = null,
): Result {
  const ratio = median(values.map((value, run) => value / (references[run] ?? NaN)));
  return {
    ...named,
    value: median(values),
    reference: median(references),
    ratio,
    goal,
    met: goal === null ? null : ratio >= goal,
  };
}

/** Values against references of the same runs; the ratio should not exceed the goal. */
export function atMost(
  named: Named,
  values: readonly number[],
  references: readonly number[],
  goal: number,
): Result {
  const result = compared(named, values, references, goal);
  return { ...result, isLimit: true, met: (result.ratio ?? NaN) <= goal };
}

/** Values that should not exceed a limit. */
export function limited(
  named: Named,
  values: readonly number[],
  limit: number | null = null,
): Result {
  const value = median(values);
  const met = limit === null ? null : value <= limit;
  return { ...named, value, reference: null, ratio: null, goal: limit, met };
}

/** The smallest and the largest, for a note. */
export function range(values: readonly number[]): string {
  return `${short(Math.min(...values))}–${short(Math.max(...values))}`;
}

/** A number with its significant digits. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

function goalOf({ unit, ratio, goal, isLimit }: GoalOf): string {
  if (goal === null) return "reported";
  if (ratio === null) return `≤ ${short(goal)} ${unit}`;
  return `${isLimit ? "≤" : "≥"} ${goal}×`;
}

/** The table, in Markdown. */
export function tableOf(results: readonly Result[]): string {
  const rows = results.map(({ name, value, unit, reference, ratio, goal, isLimit, met, note }) => [
    name,
    `${short(value)} ${unit}`,
    reference === null ? "" : `${short(reference)} ${unit}`,
    ratio === null ? "" : `${ratio.toFixed(2)}×`,
    goalOf({ unit, ratio, goal, isLimit }),
    met === null ? "" : met ? "yes" : "no",
    note,
  ]);
  const head = ["", "value", "reference", "ratio", "goal", "met", "compared with; conditions"];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
