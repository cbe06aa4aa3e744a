/** A place that was found in a text. */
export interface Found {
  readonly start: number;
  readonly end: number;
  /** What may be kept of it; absent: nothing. */
  readonly coarse?: string;
}
