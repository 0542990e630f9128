/** A placebo prints this line when it begins to burn. */
export const PLACEBO_READY = 'placebo: ready';
