/** An exact fraction. Limits are compared as fractions, so that 1 of 50 is 2% and not nearly 2%. */
export type Ratio = { numerator: bigint; denominator: bigint }

const decimal = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?0*\d{1,3}))?(%?)$/i

/**
 * Reads a number, or a text such as `2%`, `0.7%` or `0.02`, as the fraction of its decimal digits. A number counts as its
 * shortest decimal form: 0.1 is one tenth. Throws a RangeError on anything else.
 */
export function ratio(value: number | string): Ratio {
  const text = String(value).replaceAll(' ', '')
  const match = decimal.exec(text)
  const digits = `${match?.[2] ?? ''}${match?.[3] ?? ''}`
  if (match === null || digits === '') throw new RangeError(`not a decimal number: ${value}`)
  const exponent = Number(match[4] ?? 0) - (match[3] ?? '').length - (match[5] === '%' ? 2 : 0)
  const whole = BigInt(digits) * (match[1] === '-' ? -1n : 1n)
  return exponent >= 0
    ? { numerator: whole * 10n ** BigInt(exponent), denominator: 1n }
    : { numerator: whole, denominator: 10n ** BigInt(-exponent) }
}

/** Whether `left` is a whole multiple of `right`. */
export function isMultiple(left: Ratio, right: Ratio): boolean {
  const divisor = right.numerator * left.denominator
  return divisor !== 0n && (left.numerator * right.denominator) % divisor === 0n
}

/** Negative, zero or positive, as `left` is below, at or above `right`. */
export function compareRatios(left: Ratio, right: Ratio): number {
  const difference = left.numerator * right.denominator - right.numerator * left.denominator
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** The greatest integer that is not above it. */
export function floor({ numerator, denominator }: Ratio): bigint {
  const towardsZero = numerator / denominator
  return numerator % denominator < 0n ? towardsZero - 1n : towardsZero
}

/** The smallest integer that is not below it. */
export function ceiling({ numerator, denominator }: Ratio): bigint {
  return -floor({ numerator: -numerator, denominator })
}

/** As a number, for what is stored and shown; limits are compared as fractions. */
export function asNumber({ numerator, denominator }: Ratio): number {
  return Number(numerator) / Number(denominator)
}

/** A fraction from `ratio` as text: `7%`, `0.7%`. */
export function percent({ numerator, denominator }: Ratio): string {
  const places = String(denominator).length - 1
  const digits = String(numerator * 100n).padStart(places + 1, '0')
  const rest = digits.slice(digits.length - places).replace(/0+$/, '')
  return `${digits.slice(0, digits.length - places)}${rest === '' ? '' : `.${rest}`}%`
}
