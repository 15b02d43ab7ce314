/**
 * Which parameters are weights.
 */

/** Whether a parameter is called a weight, as in `hidden.weight` and `lstm.weight_ih_l0`: biases and shifts are not. */
export const isWeight = (path: string): boolean => /(^|\.)weight[^.]*$/.test(path)
