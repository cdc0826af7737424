import { z } from 'zod'
import { type GateName, gates } from './gates/index.ts'
import { branchGlob, pathGlob } from './globs.ts'

const login = z
  .string()
  .regex(/^[A-Za-z0-9][\w-]{0,60}(\[bot\])?$/, 'write a login like "ana", or a bot\'s like "dependabot[bot]"')

const labelName = z.string().trim().min(1).max(50)

const some = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(100).optional()

const when = z
  .strictObject({
    paths: some(pathGlob).describe(
      'Globs of changed files, old names of renamed files included. An override that loosens needs every changed file to match, any other one needs one file to match.',
    ),
    branches: some(branchGlob).describe(
      'Patterns of the base branch, in order: a pattern with "!" excludes what an earlier one matched.',
    ),
    authors: some(login).describe(
      'Logins. An override that loosens needs everyone who contributed to be listed, any other one needs one of them.',
    ),
    labels: some(labelName).describe(
      'Labels, of which one must be set. For an override that loosens, it must have been added for this content by someone with write access who did not work on the change.',
    ),
  })
  .refine((conditions) => Object.values(conditions).some((condition) => condition !== undefined), {
    error: 'names no condition; write at least one of: paths, branches, authors, labels',
  })

type OverrideGates = {
  [Name in GateName]: z.ZodOptional<z.ZodUnion<[z.ZodLiteral<'off'>, (typeof gates)[Name]['settings']]>>
}

const overrideGates = Object.fromEntries(
  Object.entries(gates).map(([name, gate]) => [name, z.union([z.literal('off'), gate.settings]).optional()]),
) as unknown as OverrideGates

const override = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1, 'write a name; the check shows it')
    .max(60, 'the name is longer than 60 characters; shorten it')
    .describe('The name that the check and the records show.'),
  when: when.describe('All conditions that are named must match. Each is a list of alternatives.'),
  gates: z
    .strictObject(overrideGates)
    .describe('Settings that differ from those under `gates`. `off` turns a gate off.'),
})

export type Override = z.output<typeof override>

export const overrides = z
  .array(override)
  .max(50)
  .superRefine((all, context) => {
    for (const [index, { name }] of all.entries()) {
      if (all.findIndex((other) => other.name === name) === index) continue
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: `two overrides are called "${name}"`,
      })
    }
  })
  .describe(
    'Different settings for some pull requests. The first override that matches applies, and only that one.',
  )

/** A map as it was written, before defaults. */
export type Raw = Record<string, unknown>

/**
 * Completes each override with the settings of the policy's own gates, so that it needs to name only what differs. Maps are
 * merged, anything else is replaced. The result is complete: completing it again changes nothing, which is what makes a policy
 * in the records one that can be evaluated.
 */
export function completeOverrides(policy: unknown): unknown {
  if (!isMap(policy) || !Array.isArray(policy.overrides) || !isMap(policy.gates)) return policy
  const own = policy.gates
  return { ...policy, overrides: policy.overrides.map((each) => completeOverride(each, own)) }
}

function completeOverride(override: unknown, own: Raw): unknown {
  if (!isMap(override) || !isMap(override.gates)) return override
  const changed = Object.entries(override.gates).map(([name, settings]) => {
    const base = validSettings(name, own[name])
    const named = name === 'approvals' ? trustingAuthors(settings, override.when, base) : settings
    return [name, isMap(named) && base ? merge(base, named) : named]
  })
  return { ...override, gates: Object.fromEntries(changed) }
}

/** Settings with problems of their own are not merged, so that each problem is reported once. */
function validSettings(name: string, settings: unknown): Raw | undefined {
  const gate = Object.hasOwn(gates, name) ? gates[name as GateName] : undefined
  return isMap(settings) && gate?.settings.safeParse(settings).success ? settings : undefined
}

/** `bots: none` alone means the bots that the override is for. */
function trustingAuthors(settings: unknown, when: unknown, base: Raw | undefined): unknown {
  if (!isMap(settings) || settings.bots !== 'none' || { ...base, ...settings }.trusted_bots) return settings
  const authors = isMap(when) && Array.isArray(when.authors) ? when.authors : []
  const bots = authors.filter((author) => typeof author === 'string' && author.endsWith('[bot]'))
  return bots.length > 0 ? { ...settings, trusted_bots: bots } : settings
}

/** Maps are merged, anything else is replaced. */
export function merge(base: Raw, over: Raw): Raw {
  const merged = Object.entries(over).map(([key, value]) => {
    const own = Object.hasOwn(base, key) ? base[key] : undefined
    return [key, isMap(own) && isMap(value) ? merge(own, value) : value]
  })
  return { ...base, ...Object.fromEntries(merged) }
}

export function isMap(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
