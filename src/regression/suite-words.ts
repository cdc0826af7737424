import { z } from 'zod'
import { isJsonNumber, type JsonNumber, numberText } from './exact.ts'

/** Building blocks shared by several parts of a suite schema. */
export const name = z.string().trim().min(1).max(200)
export const identifier = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'use letters, digits and _ only')
  .max(100)

/** A number of any size, kept as it is written. */
export const writtenNumber = z
  .unknown()
  .refine((value) => isJsonNumber(value) && !isInfinite(value), 'write a number')
  .transform((value) => value as JsonNumber)
  .meta({ type: 'number' })

/** Any value that JSON has. */
export const json = z.unknown().refine(isJson, 'write a JSON value; .inf and .nan are not allowed')

export const args = z.record(z.string(), json)

const columnValue = z.union([z.string(), z.boolean(), z.null(), writtenNumber.transform(numberText)])
export const where = z.record(identifier, columnValue)

function isJson(value: unknown): boolean {
  if (isJsonNumber(value)) return !isInfinite(value)
  if (typeof value !== 'object' || value === null)
    return ['string', 'boolean', 'object'].includes(typeof value)
  return Object.values(value).every(isJson)
}

/** `1e400` is a number in JSON; `.inf` is not. */
function isInfinite(number: JsonNumber): boolean {
  return typeof number === 'number' && !Number.isFinite(number)
}

/** For `refine`: at least one key is set, since a check without any would always pass. Told only where no key is misspelled. */
export function atLeastOne(fix: string) {
  const when = ({ issues }: { issues: readonly unknown[] }) => issues.length === 0
  return [isSet, { error: `${fix}; without one nothing is checked`, when }] as const
}

function isSet(value: object): boolean {
  return Object.values(value).some((each) => each !== undefined)
}
