/** A vector as it is kept: the direction is all that counts. */
export interface QuantisedVector {
  /** One byte a dimension, scaled so that the largest is 127. */
  readonly ints: Int8Array
  /** One over the length of `ints`; 0 for a vector without direction. */
  readonly inverseNorm: number
}

/** Loses less than half of one percent of the direction of vectors of 100 and more dimensions. */
export function quantised(vector: Float32Array): QuantisedVector {
  let largest = 0
  for (const value of vector) largest = Math.max(largest, Math.abs(value))
  const ints = new Int8Array(vector.length)
  if (largest > 0) for (let at = 0; at < vector.length; at += 1) ints[at] = Math.round(((vector[at] ?? 0) * 127) / largest)
  return { ints, inverseNorm: inverseNorm(ints) }
}

export function inverseNorm(ints: Int8Array): number {
  let square = 0
  for (const value of ints) square += value * value
  return square === 0 ? 0 : 1 / Math.sqrt(square)
}

/** One bit a dimension: whether it is above 0. Whole words of 32. */
export function signBits(values: Int8Array | Float32Array): Uint32Array {
  const bits = new Uint32Array(Math.ceil(values.length / 32))
  for (let at = 0; at < values.length; at += 1) if ((values[at] ?? 0) > 0) bits[at >> 5] = (bits[at >> 5] ?? 0) | (1 << (at & 31))
  return bits
}

/** Cosine, -1 to 1. */
export function cosine(a: QuantisedVector, b: QuantisedVector): number {
  let sum = 0
  for (let at = 0; at < a.ints.length; at += 1) sum += (a.ints[at] ?? 0) * (b.ints[at] ?? 0)
  return sum * a.inverseNorm * b.inverseNorm
}
