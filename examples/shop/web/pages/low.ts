/** Pieces of a product below which it runs low. */
export const LOW = 25;
