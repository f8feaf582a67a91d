/** Durations in milliseconds, for settings that are easier to read in larger units. */
export const seconds = (count: number): number => count * 1_000;
export const minutes = (count: number): number => seconds(count * 60);
export const hours = (count: number): number => minutes(count * 60);
/**
 * @example
 * ```ts
 * days(7); // 604_800_000
 * ```
 */
export const days = (count: number): number => hours(count * 24);
