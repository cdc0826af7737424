import { z } from 'zod'
import { isExact } from '../services/mcp.ts'
import { isInteger } from './exact.ts'

/** The kinds for `any:`, for values that differ in each run. */
export const valueKinds = [
  'uuid',
  'iso-date',
  'iso-datetime',
  'email',
  'url',
  'ipv4',
  'hex',
  'wallet',
  'tx-hash',
  'string',
  'number',
  'integer',
  'boolean',
  'array',
  'object',
  'value',
] as const
export type ValueKind = (typeof valueKinds)[number]

const kinds: Record<ValueKind, z.ZodType> = {
  uuid: z.guid(),
  'iso-date': z.iso.date(),
  'iso-datetime': z.iso.datetime({ offset: true }),
  email: z.email(),
  url: z.url(),
  ipv4: z.ipv4(),
  hex: z.string().regex(/^(0x)?[0-9a-fA-F]+$/),
  wallet: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
  'tx-hash': z.string().regex(/^0x[0-9a-fA-F]{64}$/),
  string: z.string(),
  number: z.number(),
  integer: z.number().refine(Number.isInteger),
  boolean: z.boolean(),
  array: z.array(z.unknown()),
  object: z.record(z.string(), z.unknown()),
  value: z.unknown().refine((value) => value !== null && value !== undefined),
}

export function isOfKind(value: unknown, kind: ValueKind): boolean {
  if (isExact(value)) return kind === 'number' || kind === 'value' || (kind === 'integer' && isInteger(value))
  return kinds[kind].safeParse(value).success
}
