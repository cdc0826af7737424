import { z } from 'zod'

/** The words that several parts of a suite are made of. */
export const name = z.string().trim().min(1).max(200)
export const identifier = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'use letters, digits and _ only')
  .max(100)
export const args = z.record(z.string(), z.json())
export const where = z.record(identifier, z.union([z.string(), z.number(), z.boolean(), z.null()]))
