import type { Ajv, SchemaValidateFunction } from 'ajv'
import { type ExactNumber, isExact } from '../services/mcp.ts'
import {
  canonical,
  compareNumbers,
  isInteger,
  isMultipleOf,
  type JsonNumber,
  numberText,
  sameJson,
} from './exact.ts'

type Keyword = {
  /** The only type of value that the keyword is about. */
  type?: 'number' | 'array'
  accepts: (value: unknown, limit: unknown) => boolean
  message: (limit: unknown) => string
}

const bound = (words: string, accepts: (difference: number) => boolean): Keyword => ({
  type: 'number',
  accepts: (value, limit) => accepts(compareNumbers(value as JsonNumber, limit as JsonNumber) ?? Number.NaN),
  message: (limit) => `must be ${words} ${numberText(limit as JsonNumber)}`,
})

/** The keywords whose verdict depends on what a double would round, each as Ajv words its refusal. */
const keywords: Readonly<Record<string, Keyword>> = {
  minimum: bound('>=', (difference) => difference >= 0),
  maximum: bound('<=', (difference) => difference <= 0),
  exclusiveMinimum: bound('>', (difference) => difference > 0),
  exclusiveMaximum: bound('<', (difference) => difference < 0),
  multipleOf: {
    type: 'number',
    accepts: (value, step) => isMultipleOf(value as JsonNumber, step as JsonNumber) === true,
    message: (step) => `must be multiple of ${numberText(step as JsonNumber)}`,
  },
  const: { accepts: sameJson, message: () => 'must be equal to constant' },
  enum: {
    accepts: (value, choices) => [choices].flat().some((choice) => sameJson(value, choice)),
    message: () => 'must be equal to one of the allowed values',
  },
  uniqueItems: {
    type: 'array',
    accepts: (items, wanted) => wanted !== true || isUnique(items as unknown[]),
    message: () => 'must NOT have duplicate items',
  },
}

function isUnique(items: readonly unknown[]): boolean {
  return new Set(items.map(canonical)).size === items.length
}

/**
 * Lets Ajv compare numbers as they are written. Ajv walks over doubles, which say no more than whether a number is an integer; these
 * keywords look up what stands for them in `written`.
 */
export function withExactKeywords<Validator extends Ajv>(ajv: Validator, written: Written): Validator {
  for (const [keyword, { type, accepts, message }] of Object.entries(keywords)) {
    const validate: SchemaValidateFunction = (limit, data, parent, context) => {
      const wanted = parent === undefined ? limit : written.member(parent, keyword, limit)
      const value = written.member(context?.parentData, context?.parentDataProperty, data)
      if (accepts(value, wanted)) return true
      validate.errors = [{ keyword, message: message(wanted), params: {} }]
      return false
    }
    ajv.removeKeyword(keyword)
    ajv.addKeyword({ keyword, validate, ...(type ? { type } : {}) })
  }
  return ajv
}

/** Copies with doubles for Ajv, and the values as they are written that they were made of. */
export type Written = {
  copy: (value: unknown) => unknown
  member: (holder: unknown, key: PropertyKey | undefined, copied: unknown) => unknown
}

export function createWritten(): Written {
  const originals = new WeakMap<object, Record<PropertyKey, unknown>>()
  const copy = (value: unknown): unknown => {
    if (isExact(value)) return standIn(value)
    if (typeof value !== 'object' || value === null) return value
    const copied = Array.isArray(value)
      ? value.map(copy)
      : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]))
    originals.set(copied, value as Record<PropertyKey, unknown>)
    return copied
  }
  return {
    copy,
    member(holder, key, copied) {
      // The name of a property is a text, and nothing that stands under that name.
      if (typeof copied === 'string') return copied
      const original = typeof copied === 'object' && copied !== null ? originals.get(copied) : undefined
      if (original) return original
      const held = typeof holder === 'object' && holder !== null ? originals.get(holder) : undefined
      return held === undefined || key === undefined ? copied : held[key]
    },
  }
}

/** A double of the same type: an integer for an integer, and finite, since Ajv takes no other for a number. */
function standIn(number: ExactNumber): number {
  const double = Number(number.rawJSON)
  if (!isInteger(number)) return Number.isInteger(double) || !Number.isFinite(double) ? 0.5 : double
  return Number.isFinite(double) ? double : Math.sign(double) * Number.MAX_VALUE
}
